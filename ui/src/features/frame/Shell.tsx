import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { Suspense, useEffect, useSyncExternalStore } from "react";
import { api, eventsState, session, startEvents, take } from "@/api";
import { meQuery, openPalette, SkeletonRows, useSetup, VaultNotice } from "@/components";
import { Seal, VerifyPanel } from "@/features/audit";
import { KeysCount } from "@/features/keys";
import { Icon, Mark, MenuButton } from "@/ui";
import type { SignInSearch } from "@/features/session";
import { watchUse } from "./idle";
import { navFor } from "./nav";
import { Palette } from "./Palette";

function SideNav({ workspace }: { workspace: string }) {
  const nav = navFor(useQuery(meQuery).data);
  return (
    <nav className="side" aria-label="Main">
      <div className="ws"><Mark /><span className="clip">Reeve<small className="clip">{workspace}</small></span></div>
      {nav.map(({ title, items }) => (
        <div key={title ?? "top"}>
          {title && <h2 id={`nav-${title}`}>{title}</h2>}
          <ul aria-labelledby={title ? `nav-${title}` : undefined}>
            {items.map((i) => (
              <li key={i.label}><Link to={i.to} activeOptions={{ exact: i.to === "/", includeSearch: false }}><Icon name={i.icon} /><span>{i.label}</span>{i.to === "/keys" && <KeysCount />}</Link></li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

const host = (url: string | null): string => (url ? url.replace(/^https?:\/\//, "").replace(/\/v1\/?$/, "") : "");

/** Ends the session and shows the sign-in page, which says so where nobody asked for it. */
function useSignOut(search: SignInSearch = {}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => take(api.POST("/auth/logout")),
    onSettled: () => {
      session.close();
      client.removeQueries({ predicate: (q) => q.queryKey[0] !== "setup" });
      void navigate({ to: "/sign-in", search });
    },
  }).mutate;
}

function useSignOutWhenIdle(): void {
  const idle = useQuery(meQuery).data?.idle_seconds;
  const signOut = useSignOut({ idle: true });
  useEffect(() => (idle ? watchUse(idle * 1_000, signOut) : undefined), [idle, signOut]);
}

function Footer() {
  const setup = useSetup();
  const me = useQuery(meQuery);
  const navigate = useNavigate();
  const events = useSyncExternalStore(eventsState.subscribe, eventsState.get);
  const signOut = useSignOut();
  const user = me.data?.user;
  const viaWindow = me.data?.via === "window";
  return (
    <footer className="foot">
      <Seal />
      <span className="push" />
      {events === "connecting" && <span className="minor">Reconnecting</span>}
      <span className="minor">{setup.gateway_url ? `Gateway ${host(setup.gateway_url)}` : "Gateway off"}</span>
      {user && (viaWindow
        ? <Link to="/profile">{user.name}, {user.role_name}</Link>
        : <MenuButton kind="ghost small" label={`${user.name}, ${user.role_name}`} items={[{ id: "profile", label: "Profile" }, { id: "settings", label: "Settings" }, { id: "out", label: "Sign out" }]} onAction={(id) => (id === "out" ? signOut() : void navigate({ to: id === "profile" ? "/profile" : "/settings" }))} />)}
    </footer>
  );
}

/** Keys that work everywhere. A single letter only counts outside of text fields. */
function useGlobalKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, [contenteditable]");
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openPalette();
      } else if (event.key === "/" && !typing) {
        const box = document.querySelector<HTMLInputElement>(".filters input");
        if (!box) return;
        event.preventDefault();
        box.focus();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

export function Shell() {
  const setup = useSetup();
  const client = useQueryClient();
  useGlobalKeys();
  useSignOutWhenIdle();
  useEffect(() => startEvents(client), [client]);
  return (
    <div className="app">
      <a className="skip" href="#main">Skip to the page</a>
      <SideNav workspace={setup.workspace_name} />
      <main className="main" id="main" tabIndex={-1}>
        <VaultNotice vault={setup.vault} />
        <Suspense fallback={<SkeletonRows rows={12} />}><Outlet /></Suspense>
      </main>
      <Footer />
      <Palette />
      <VerifyPanel />
    </div>
  );
}
