import { queryOptions } from "@tanstack/react-query";
import { api, take, type BackupStatusView, type RestoreKeyView, type RestorePreviewView, type RestoreProbesView } from "@/api";
import { plural } from "@/lib/number";
import type { Tone } from "@/ui";

/** What a backup may be at most; the server says the same. */
export const MOST_BYTES = 48 * 1024 * 1024;
const WHILE_PROBING_MS = 700;

export const backupQuery = queryOptions({
  queryKey: ["vault", "backup"],
  queryFn: ({ signal }) => take(api.GET("/vault/backup", { signal })),
});

export const probesQuery = queryOptions({
  queryKey: ["vault", "probes"],
  queryFn: ({ signal }) => take(api.GET("/vault/restore/probes", { signal })),
  refetchInterval: ({ state }) => (state.data && !state.data.ended ? WHILE_PROBING_MS : false),
  staleTime: 0,
});

/** What somebody should do about backups, or null. */
export function hintOf(status: BackupStatusView): string | null {
  if (status.keys === 0) return null;
  if (status.made_at === null) return `There is no backup. If this computer is lost, ${plural(status.keys, "key")} must be made anew at ${status.keys === 1 ? "its provider" : "their providers"}.`;
  if (status.newer === 0) return null;
  return status.newer === 1 ? "One key came into use since the last backup, and is not in it." : `${plural(status.newer, "key")} came into use since the last backup, and are not in it.`;
}

export const STANDING: Record<RestoreKeyView["standing"], { word: string; tone: Tone; does: string }> = {
  new: { word: "new", tone: "info", does: "is added" },
  same: { word: "the same", tone: "none", does: "stays as it is" },
  newer_in_file: { word: "newer in the backup", tone: "info", does: "is put into use; the key here is kept, unused" },
  newer_here: { word: "newer here", tone: "none", does: "the one here stays" },
  conflict: { word: "differs", tone: "warn", does: "the one here stays" },
};

/** What happens to a key, in a sentence's words. */
export function fateOf(key: RestoreKeyView, replaced: boolean): string {
  if (replaced) return "The backup's key is put into use; the one here is kept, unused.";
  const does = STANDING[key.standing].does;
  return `${key.why ? `${key.why} ` : ""}${does.charAt(0).toUpperCase()}${does.slice(1)}.`;
}

/** Keys that change when it is restored as chosen. */
export const changesOf = (view: RestorePreviewView, replace: string[]): number =>
  view.keys.filter((k) => k.standing === "new" || k.standing === "newer_in_file" || replace.includes(k.id)).length;

type Probe = RestoreProbesView["items"][number];
export type Verdict = "works" | "dead" | "unclear";
/** A provider that is away, or limits calls, has said nothing about the key. */
export const verdictOf = (p: Pick<Probe, "ok" | "status">): Verdict => (p.ok ? "works" : p.status === 401 || p.status === 403 ? "dead" : "unclear");
export const VERDICT: Record<Verdict, { word: string; tone: Tone }> = {
  works: { word: "works", tone: "ok" },
  dead: { word: "does not work", tone: "bad" },
  unclear: { word: "no clear answer", tone: "warn" },
};

export function probeWords(view: RestoreProbesView): string {
  if (view.total === 0) return "There is no key in use to try.";
  if (!view.ended) return `Trying each key at its provider: ${view.items.length} of ${view.total}`;
  const count = (verdict: Verdict) => view.items.filter((p) => verdictOf(p) === verdict).length;
  const [works, dead] = [count("works"), count("dead")];
  if (works === view.total) return view.total === 1 ? "The key works." : `All ${view.total} keys work.`;
  if (dead === 0) return `${works} of ${plural(view.total, "key")} ${works === 1 ? "works" : "work"}; of the others it is not known yet.`;
  return `${dead} of ${plural(view.total, "key")} ${dead === 1 ? "does" : "do"} not work.`;
}

/** A file's bytes as base64, as the API takes them. */
export function toBase64(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^data:[^,]*,/, ""));
    reader.onerror = () => reject(new Error("This file cannot be read."));
    reader.readAsDataURL(file);
  });
}
