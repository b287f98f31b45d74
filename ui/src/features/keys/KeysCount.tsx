import { useQuery } from "@tanstack/react-query";
import { useMay } from "@/components";
import { plural } from "@/lib/number";
import { credentialsQuery } from "./queries";
import { waits } from "./words";

/** How many keys wait for a person; nothing where none does, or where they may not be seen. */
export function KeysCount() {
  const see = useMay("credential:read");
  const keys = useQuery({ ...credentialsQuery, retry: false, throwOnError: false, enabled: see === null });
  const count = keys.data?.items.filter((c) => waits(c.rotation)).length ?? 0;
  if (count === 0) return null;
  const words = `${plural(count, "key")} ${count === 1 ? "waits" : "wait"} for you`;
  return <><b title={words} aria-hidden>{count}</b><span className="sr">, {words}</span></>;
}
