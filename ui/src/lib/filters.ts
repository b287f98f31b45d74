/** Filter tokens <-> URL. A token is `field:value`; several values of one field are joined by commas. */
export interface Token {
  field: string;
  value: string;
}
const escape = (text: string) => text.replace(/[\\,;:]/g, (c) => `\\${c}`);

export const encodeTokens = (tokens: Token[]): string | undefined =>
  tokens.length === 0 ? undefined : tokens.map((t) => `${escape(t.field)}:${escape(t.value)}`).join(";");

function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "\\" && i + 1 < text.length) part += c + text.charAt(++i);
    else if (c === separator) {
      parts.push(part);
      part = "";
    } else part += c;
  }
  return [...parts, part];
}
const unescape = (text: string) => text.replace(/\\(.)/g, "$1");

/** Reads what `encodeTokens` wrote; unknown fields and broken parts are dropped, never thrown. */
export function decodeTokens(text: string | undefined, fields: readonly string[]): Token[] {
  if (!text) return [];
  return split(text, ";").flatMap((part) => {
    const [field, value, ...rest] = split(part, ":").map(unescape);
    if (field === undefined || value === undefined || value === "" || rest.length > 0 || !fields.includes(field)) return [];
    return [{ field, value }];
  });
}

/** One value per field: a later one replaces the earlier. */
export const withToken = (tokens: Token[], next: Token): Token[] => [
  ...tokens.filter((t) => t.field !== next.field),
  next,
];
export const withoutToken = (tokens: Token[], field: string): Token[] => tokens.filter((t) => t.field !== field);

export const str = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
export const oneOf = <T extends string>(value: unknown, allowed: readonly T[]): T | undefined =>
  allowed.find((a) => a === value);
