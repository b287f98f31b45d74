/** Only the heading line: enough to offer columns. The server reads the file itself. */
export function csvHeader(text: string): string[] {
  const names: string[] = [];
  let name = "";
  let quoted = false;
  for (let i = text.charCodeAt(0) === 0xfeff ? 1 : 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (quoted) {
      if (c === '"' && text.charAt(i + 1) === '"') {
        name += '"';
        i++;
      } else if (c === '"') quoted = false;
      else name += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") {
      names.push(name.trim());
      name = "";
    } else if (c === "\n" || c === "\r") break;
    else name += c;
  }
  names.push(name.trim());
  return names.filter((n) => n !== "");
}

const GUESSES: Record<string, RegExp> = {
  time: /^(time|timestamp|date|day|created_?at|start(_?time)?|usage_?date)/i,
  input_tokens: /^(n_context_tokens.*|(input|prompt|context)_?tokens?.*|uncached_input.*)/i,
  output_tokens: /^(n_generated_tokens.*|(output|completion|generated)_?tokens?.*)/i,
  cache_read_tokens: /cach(ed|e_read)/i,
  model: /^(model.*|snapshot)/i,
  provider: /^(provider|vendor|platform)/i,
  tenant: /^(tenant|team|project(_?(name|id))?|customer|workspace|organi[sz]ation)/i,
};
/** The most likely column for each field, for the person to confirm. */
export const guessColumn = (field: string, columns: string[]): string | undefined => {
  const pattern = GUESSES[field];
  return pattern && columns.find((c) => pattern.test(c) && (field !== "input_tokens" || !/cach/i.test(c) || /uncached/i.test(c)));
};
