import { useMemo } from "react";
import { encode } from "uqr";

/** One square of the path for each dark module; what is drawn is read by cameras, so it stays black on white in every theme. */
export const modulePath = (data: boolean[][]): string => data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");

export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = useMemo(() => encode(text, { ecc: "M", border: 4 }), [text]);
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <path d={modulePath(data)} />
    </svg>
  );
}
