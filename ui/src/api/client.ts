/** One typed client for both hosts: adds the token, renews it once on 401, turns failures into `ApiError`. */
import createClient from "openapi-fetch";
import { platform } from "@/platform";
import { problemFrom } from "./errors";
import type { paths } from "./paths";
import { session } from "./session";
import { stepUp, wantsStepUp } from "./stepUp";
import type { SessionView } from "./types";

export const BASE = "/api/v1";
type Send = (request: Request) => Promise<Response>;

const withToken = (request: Request): Request => {
  const token = session.token();
  if (token !== null) request.headers.set("Authorization", `Bearer ${token}`);
  return request;
};
const isAuth = (request: Request): boolean =>
  /\/auth\/(login|register|refresh|logout)$/.test(new URL(request.url).pathname);

/** Wraps a transport. Any number of calls refused at once share one refresh. */
export function authenticated(send: Send, origin: string): { send: Send; refresh: () => Promise<boolean> } {
  let renewing: Promise<boolean> | null = null;

  const renew = async (): Promise<boolean> => {
    const response = await send(new Request(`${origin}${BASE}/auth/refresh`, { method: "POST" }));
    if (!response.ok) return false;
    session.open((await response.json()) as SessionView);
    return true;
  };
  const refresh = (): Promise<boolean> => {
    renewing ??= renew()
      .catch(() => false)
      .finally(() => {
        renewing = null;
      });
    return renewing;
  };

  const signed = async (request: Request): Promise<Response> => {
    const second = request.clone();
    const used = session.token();
    const first = await send(withToken(request));
    if (first.status !== 401) return first;
    // Another call may have renewed the token while this one was under way.
    const renewed = session.token() !== used || (await refresh());
    if (!renewed) {
      session.lost();
      return first;
    }
    const again = await send(withToken(second));
    if (again.status === 401) session.lost();
    return again;
  };

  return {
    refresh,
    send: async (request) => {
      if (isAuth(request)) return send(request);
      const repeat = request.clone();
      const first = await signed(request);
      return (await wantsStepUp(first)) && (await stepUp.ask()) ? signed(repeat) : first;
    },
  };
}

const transport = authenticated((request) => platform.fetch(request), platform.origin);
export const refreshSession = transport.refresh;
export const api = createClient<paths>({ baseUrl: `${platform.origin}${BASE}`, fetch: transport.send });

/** Lets the person choose a file, and gives what to send one request with so that its answer goes there; null if none was chosen. */
export async function saveAs(name: string): Promise<Send | null> {
  const place = await platform.savePlace(name);
  return place && authenticated((request) => (isAuth(request) ? platform.fetch(request) : place(request)), platform.origin).send;
}

interface Result<D> {
  data?: D;
  error?: unknown;
  response: Response;
}
/** Data or a thrown `ApiError`: the form TanStack Query wants. */
export async function take<D>(call: Promise<Result<D>>): Promise<D> {
  const { data, error, response } = await call;
  if (!response.ok) throw await problemFrom(response, error);
  return data as D;
}
