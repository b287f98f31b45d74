/** Decimal strings in USD, without floating point: one nano-dollar (9 places) is the smallest amount. */
const PLACES = 9;
const SCALE = 1_000_000_000n;
const CENT = SCALE / 100n;
const HUNDRED = SCALE * 100n;
const PATTERN = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Nano-dollars of a decimal string. Digits beyond the ninth are dropped; anything unreadable is null. */
export function parseUsd(text: string | null | undefined): bigint | null {
  const match = PATTERN.exec((text ?? "").trim());
  if (!match) return null;
  const nano = BigInt(match[2] ?? "0") * SCALE + BigInt((match[3] ?? "").padEnd(PLACES, "0").slice(0, PLACES));
  return match[1] === "-" ? -nano : nano;
}

/** Decimal string of nano-dollars, no trailing zeros beyond `minPlaces`. */
export function toDecimal(nano: bigint, minPlaces = 0): string {
  const negative = nano < 0n;
  const abs = negative ? -nano : nano;
  let fraction = (abs % SCALE).toString().padStart(PLACES, "0");
  while (fraction.length > minPlaces && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
  return `${negative ? "-" : ""}${abs / SCALE}${fraction ? `.${fraction}` : ""}`;
}

const group = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const grouped = (abs: bigint, places: number): string => {
  const [units = "0", fraction = ""] = toDecimal(abs, places).split(".");
  return `${group(units)}.${fraction}`;
};
const roundTo = (abs: bigint, unit: bigint): bigint => ((abs + unit / 2n) / unit) * unit;

export interface UsdFormat {
  /** An estimate: no cents from a hundred dollars up, and nothing finer than a cent. What is not nothing is never shown as nothing. */
  whole?: boolean;
  /** A limit: no cents where there are none. */
  trim?: boolean;
  /** This many places whatever the amount, so that a column adds up to the eye. */
  places?: number;
}
/** Two places; below a cent as many as show two significant digits. */
export function formatUsd(text: string | null | undefined, { whole, trim, places }: UsdFormat = {}): string {
  const nano = parseUsd(text);
  if (nano === null) return "–";
  const sign = nano < 0n ? "−" : "";
  const abs = nano < 0n ? -nano : nano;
  if (places !== undefined) return `${sign}$${grouped(roundTo(abs, SCALE / 10n ** BigInt(places)), places)}`;
  if (whole && abs >= HUNDRED) return `${sign}$${group((roundTo(abs, SCALE) / SCALE).toString())}`;
  if (whole && abs > 0n && abs < CENT) return abs * 2n >= CENT ? `${sign}$0.01` : sign ? "> −$0.01" : "< $0.01";
  if (trim && abs % SCALE === 0n) return `${sign}$${group((abs / SCALE).toString())}`;
  if (abs === 0n || abs >= CENT) return `${sign}$${grouped(roundTo(abs, CENT), 2)}`;
  const digits = abs.toString().length;
  const unit = 10n ** BigInt(Math.max(0, digits - 2));
  return `${sign}$${toDecimal(roundTo(abs, unit), 2)}`;
}

/** Every digit the ledger holds, for the hover. */
export function exactUsd(text: string | null | undefined): string {
  const nano = parseUsd(text);
  if (nano === null) return "No amount";
  const [units = "0", fraction] = toDecimal(nano < 0n ? -nano : nano, 2).split(".");
  return `${nano < 0n ? "−" : ""}$${group(units)}.${fraction ?? "00"} USD`;
}

export const addUsd = (...texts: (string | null | undefined)[]): string =>
  toDecimal(
    texts.reduce((sum, text) => sum + (parseUsd(text) ?? 0n), 0n),
    2,
  );
export const compareUsd = (a: string | null, b: string | null): number => {
  const [x, y] = [parseUsd(a) ?? 0n, parseUsd(b) ?? 0n];
  return x < y ? -1 : x > y ? 1 : 0;
};
/** Part of whole in percent, for widths and labels only (four places, never for sums). A part too small for them is not none. */
export function percentOf(part: string | null, whole: string | null): number {
  const [p, w] = [parseUsd(part) ?? 0n, parseUsd(whole) ?? 0n];
  if (w <= 0n) return 0;
  const share = Number((p * 1_000_000n) / w) / 10_000;
  return share === 0 && p > 0n ? 0.0001 : share;
}
/** A plottable number. Only for pixels on a chart. */
export const plotUsd = (text: string | null): number => Number(text ?? 0);

/** What a person typed as money, as the wire wants it: "1,200.5" and "$1200.50" both work. */
export function readUsdInput(text: string): string | null {
  const plain = text.replace(/[$,\s_]/g, "");
  const nano = parseUsd(plain);
  return nano === null || nano < 0n || /\.\d{10,}/.test(plain) ? null : toDecimal(nano);
}
