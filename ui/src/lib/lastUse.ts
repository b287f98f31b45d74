/** When somebody last used a page of this browser. Its pages share a session, so whoever uses one uses all. */
const KEY = "reeve.used_at";

export const noteUse = (): void => localStorage.setItem(KEY, String(Date.now()));
/** Milliseconds that all of them have lain unused; nothing known counts as just used. */
export const unusedFor = (): number => Date.now() - Number(localStorage.getItem(KEY) ?? Date.now());
