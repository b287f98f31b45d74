import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { providersQuery } from "@/features/keys";

/** Providers that have prices but that no key can be for. */
const ONLY_LISTED = [["aws-bedrock", "AWS Bedrock"], ["google-vertex", "Google Vertex"], ["stability", "Stability AI"], ["voyage", "Voyage AI"]].map(([id = "", label = ""]) => ({ id, label }));

/** The name of whoever has a price. */
export function ProviderName({ id }: { id: string }): string {
  return useProviders().find((p) => p.id === id)?.label ?? id;
}
/** Whoever has prices, by name. */
export function useProviders(): { id: string; label: string }[] {
  const list = useQuery(providersQuery);
  return useMemo(() => {
    const known = (list.data?.items ?? []).filter((p) => p.priced_models > 0).map((p) => ({ id: p.id, label: p.name }));
    return [...known, ...ONLY_LISTED.filter((o) => !known.some((k) => k.id === o.id))].sort((a, b) => a.label.localeCompare(b.label));
  }, [list.data]);
}
