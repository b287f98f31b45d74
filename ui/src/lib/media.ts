/** Whether the window is too narrow for a full list beside an open inspector. */
import { useSyncExternalStore } from "react";

const query = (): MediaQueryList => matchMedia("(max-width: 1340px)");
const subscribe = (listener: () => void) => {
  const list = query();
  list.addEventListener("change", listener);
  return () => list.removeEventListener("change", listener);
};
export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => query().matches);
