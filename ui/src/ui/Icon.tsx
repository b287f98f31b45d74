const PATHS = {
  overview: "M2 8.5 8 3l6 5.5M4 7.5V13h8V7.5",
  tenants: "M2.5 13.5v-9L8 2l5.5 2.5v9zM6 13.5V10h4v3.5",
  budgets: "M8 2a6 6 0 1 0 6 6H8z M10 2.4A6 6 0 0 1 13.6 6H10z",
  usage: "M2.5 13.5h11M4 11V7.5M7 11V4M10 11V6M13 11V3",
  requests: "M2.5 4h11M2.5 8h11M2.5 12h7M12 10.5l1.5 1.5-1.5 1.5",
  prices: "M8.5 2.5h5v5l-6 6-5-5zM11 5v.1",
  bills: "M3.5 1.5v13l2-1.2 2.5 1.2 2.5-1.2 2 1.2v-13l-2 1.2-2.5-1.2-2.5 1.2zM6 6h4M6 9h4",
  audit: "M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2.5",
  listeners: "M8 8.5v.1M5.2 11.3a4 4 0 0 1 0-5.6M10.8 5.7a4 4 0 0 1 0 5.6M3 13.5a7 7 0 0 1 0-10M13 3.5a7 7 0 0 1 0 10",
  keys: "M10.5 2.5a3 3 0 1 1-2.6 4.5L3 12v1.5h2V12h1.5v-1.5H8",
  vault: "M2.5 3h11v9h-11zM4.5 12v1.5M11.5 12v1.5M8 5.2a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6zM8 5.2V4M8 11V9.8",
  access: "M6 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.8 13a4.2 4.2 0 0 1 8.4 0M10.5 3.2a2.3 2.3 0 0 1 0 4M12 9.3a4.2 4.2 0 0 1 2.3 3.7",
  profile: "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8zM2.8 13.6a5.2 5.2 0 0 1 10.4 0",
  routes: "M2.5 8H6M6 8c3 0 2-4.5 5-4.5h2.5M6 8c3 0 2 4.5 5 4.5h2.5M11.5 1.5l2 2-2 2M11.5 10.5l2 2-2 2",
  limits: "M2.5 12.5a6 6 0 1 1 11 0M8 12.5l3-5M8 12.5h.1",
  settings: "M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 3v3M5.5 10v3",
  shield: "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM5.8 8l1.6 1.6L10.4 6.4",
  shieldBroken: "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM8 5.5v3M8 10.6v.1",
  shieldEmpty: "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.5 10.5l3 3",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5 6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  down: "M4 6.5 8 10.5 12 6.5",
  up: "M4 9.5 8 5.5 12 9.5",
  warn: "M8 2.5 14 13H2zM8 6.5v3M8 11.2v.1",
  info: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 7.2v3.6M8 5.1v.1",
  plus: "M8 3v10M3 8h10",
  theme: "M8 2.5a5.5 5.5 0 1 0 5.5 5.5A4.3 4.3 0 0 1 8 2.5z",
  import: "M8 2.5v7M5 6.5l3 3 3-3M3 12.5h10",
  out: "M6.5 3h-3v10h3M7 8h6.5M11 5.5 13.5 8 11 10.5",
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 15 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth={1.6} aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <rect width="24" height="24" rx="6" fill="var(--accent)" />
      <path d="M7 18V6h6a4 4 0 0 1 0 8H7m5 0 5 4" fill="none" stroke="var(--accent-ink)" strokeWidth="2" />
    </svg>
  );
}
