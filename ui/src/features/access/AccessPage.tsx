import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { InvitedView } from "@/api";
import { meQuery, Page, SkeletonRows, useMay } from "@/components";
import { Button, Empty, Tabs } from "@/ui";
import { AllKeys } from "@/features/tenants";
import { Connections } from "./Connections";
import { Invitations } from "./Invitations";
import { Invited, InviteForm } from "./Invite";
import { People } from "./People";
import { Roles } from "./Roles";

export const ACCESS_TABS = ["invitations", "keys", "connections", "roles"] as const;
export interface AccessSearch {
  tab?: (typeof ACCESS_TABS)[number];
}
const route = getRouteApi("/app/access");

export function AccessPage() {
  const search: AccessSearch = route.useSearch();
  const navigate = route.useNavigate();
  const me = useQuery(meQuery);
  const see = useMay("user:read");
  const may = useMay("user:write");
  const [inviting, setInviting] = useState(false);
  const [made, setMade] = useState<InvitedView | null>(null);
  const invite = <Button kind="primary" onPress={() => setInviting(true)} disabledReason={may}>Invite somebody</Button>;
  const tabs = [
    { id: "people", label: "People", content: <People invite={invite} /> },
    { id: "invitations", label: "Invitations", content: <Invitations invite={invite} /> },
    { id: "keys", label: "API keys", content: <div className="page"><AllKeys title="API keys" note="Of all tenants, the newest first. They are made, replaced and revoked at their tenant." empty="Programs need a key to make calls. Make one at its tenant." /></div> },
    { id: "connections", label: "Connections", content: <Connections /> },
    { id: "roles", label: "Roles", content: <Roles /> },
  ];
  return (
    <Page title="Access">
      {!me.data ? <SkeletonRows rows={8} /> : see ? <Empty title="Who may do what is not yours to see">{see}</Empty> : (
        <Tabs label="Access" fill tabs={tabs} selected={search.tab ?? "people"} onChange={(tab) => void navigate({ search: { tab: ACCESS_TABS.find((t) => t === tab) }, replace: true })} />
      )}
      {inviting && <InviteForm onClose={() => setInviting(false)} onDone={(shown) => { setInviting(false); setMade(shown); }} />}
      {made && <Invited made={made} onClose={() => setMade(null)} />}
    </Page>
  );
}
