import { Link } from "@tanstack/react-router";

/** The two pages of the audit trail: every entry, and what security people look at first. */
export function AuditNav() {
  return (
    <nav className="subnav" aria-label="Audit trail">
      <Link to="/audit" activeOptions={{ exact: true, includeSearch: false }}>Entries</Link>
      <Link to="/audit/security" activeOptions={{ includeSearch: false }}>Security</Link>
    </nav>
  );
}
