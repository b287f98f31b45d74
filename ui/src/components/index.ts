/** Parts that know the application: its money, its time, its shapes of page. */
export { Chart, TableToggle, type Palette } from "./Chart";
export { DailyCost, everyDay, lastDays, type DayCost } from "./DailyCost";
export { col, DataTable, without, type Column } from "./DataTable";
export { Confirm, SideForm, useForm } from "./forms";
export { FilterMenu, Inspector, Page, Properties, Section } from "./Page";
export { closePalette, openPalette, paletteOpen } from "./palette-state";
export { KeyShownOnce, Secret, Snippets } from "./Snippets";
export { RecoveryCheck, RecoveryCode, recoveryGroups, UnlockVault } from "./RecoveryCode";
export { ErrorState, FormError, Kpi, SampleChip, SkeletonRows } from "./states";
export { Day, Id, Money, Outcome, STATUS_WORDS, STATUSES, TenantState, TIER_WORDS, TIERS, TimeAgo } from "./values";
export { holds, meQuery, nowRounded, setupQuery, useMay, useNow, useSetup, useTenantsAlone, useZone, type Scope } from "./workspace";
export { RankedBars } from "./RankedBars";
export { StepUp } from "./StepUp";
export { TokenBox, type FilterField } from "./TokenBox";
export { VaultNotice, vaultWords } from "./VaultNotice";
