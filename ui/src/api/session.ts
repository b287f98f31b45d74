/** The access token: in memory only, never in storage. A reload asks for a fresh one by the refresh cookie. */
import type { SessionView } from "./types";

let token: string | null = null;
let onLost: () => void = () => undefined;

export const session = {
  token: (): string | null => token,
  open: (view: SessionView): void => {
    token = view.access_token;
  },
  close: (): void => {
    token = null;
  },
  /** Called once a call was refused and the refresh failed too. */
  whenLost: (handler: () => void): void => {
    onLost = handler;
  },
  lost: (): void => {
    token = null;
    onLost();
  },
};
