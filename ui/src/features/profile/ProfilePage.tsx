import { useQuery } from "@tanstack/react-query";
import { ErrorState, meQuery, Page, Properties, SkeletonRows, TimeAgo } from "@/components";
import { AllKeys } from "@/features/tenants";
import { Password } from "./Password";
import { Sessions } from "./Sessions";
import { TwoStep } from "./TwoStep";

/** What concerns the person who looks, and nobody else. */
export function ProfilePage() {
  const me = useQuery(meQuery);
  const user = me.data?.user;
  return (
    <Page title="Profile">
      <div className="page narrow">
        {me.isError ? <ErrorState of={me} what="Your profile" /> : !user ? <SkeletonRows rows={10} /> : (
          <>
            <section className="card">
              <header><h2>{user.name}</h2></header>
              <div className="body"><Properties wide items={[["E-mail", user.email], ["Role", user.role_name], ["Since", <TimeAgo key="s" at={user.created_at} />]]} /></div>
            </section>
            <Password has={user.has_password} />
            <TwoStep hasPassword={user.has_password} />
            {me.data?.via === "session" && <Sessions />}
            <AllKeys own title="API keys you made" note="They are looked after at their tenant." empty="None so far. They are made at the tenant whose programs use them." />
          </>
        )}
      </div>
    </Page>
  );
}
