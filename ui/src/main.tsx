import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { I18nProvider } from "react-aria-components";
import { createRoot } from "react-dom/client";
import { ApiError, session } from "@/api";
import { StepUp } from "@/components";
import { watchTheme } from "@/lib/theme";
import { Toasts } from "@/ui";
import { makeRouter } from "./routes";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";

/** What somebody may do can change while a page is open: after a refusal it is asked again. */
const onError = (error: Error) => {
  if (error instanceof ApiError && error.code === "forbidden") void client.invalidateQueries({ queryKey: ["me"] });
};
const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      // A refusal stays a refusal; only a server that does not answer is asked again.
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status < 500),
    },
  },
});
const router = makeRouter(client);

session.whenLost(() => {
  const here = router.state.location;
  if (here.pathname === "/sign-in" || here.pathname === "/setup") return;
  void router.navigate({ to: "/sign-in", search: { next: here.href === "/" ? undefined : here.href } });
});
watchTheme();

const host = document.getElementById("root");
if (host)
  createRoot(host).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <I18nProvider locale="en-US">
          <RouterProvider router={router} />
          <StepUp />
          <Toasts />
        </I18nProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
