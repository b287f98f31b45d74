import { getRouteApi } from "@tanstack/react-router";
import { Page } from "@/components";
import { Tabs } from "@/ui";
import { ErasureTab } from "./ErasureTab";
import { HoldsTab } from "./HoldsTab";
import { RetentionTab } from "./RetentionTab";

export const PRIVACY_TABS = ["holds", "erasure"] as const;
export interface PrivacySearch {
  tab?: (typeof PRIVACY_TABS)[number];
}
const route = getRouteApi("/app/privacy");

export function PrivacyPage() {
  const search: PrivacySearch = route.useSearch();
  const navigate = route.useNavigate();
  const tabs = [
    { id: "retention", label: "Retention", content: <RetentionTab /> },
    { id: "holds", label: "Legal holds", content: <HoldsTab /> },
    { id: "erasure", label: "Erasure", content: <ErasureTab /> },
  ];
  return (
    <Page title="Privacy">
      <Tabs label="Privacy" fill tabs={tabs} selected={search.tab ?? "retention"} onChange={(tab) => void navigate({ search: { tab: PRIVACY_TABS.find((t) => t === tab) }, replace: true })} />
    </Page>
  );
}
