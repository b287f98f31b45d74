import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { formatCount } from "@/lib/number";
import { BucketMeter } from "./Buckets";
import { tenantLimitQuery } from "./queries";

/** A tenant's rate limit, beside its quota. Whoever may not see limits sees nothing of them. */
export function TenantLimits({ tenantId }: { tenantId: string }) {
  const query = useQuery(tenantLimitQuery(tenantId));
  const status = query.data?.items[0];
  if (!status) return null;
  const rows = [["requests", status.requests], ["tokens", status.tokens]] as const;
  return rows.map(([what, bucket]) => bucket && (
    <div key={what}>
      <div className="row"><span><b className="strong">{formatCount(bucket.available_tokens)}</b> <span className="dim">{what} left at this moment, {formatCount(bucket.rate)} a minute</span></span><span className="push"><Link to="/limits">Limits</Link></span></div>
      <div style={{ margin: "8px 0 2px" }}><BucketMeter bucket={bucket} what={what} /></div>
    </div>
  ));
}
