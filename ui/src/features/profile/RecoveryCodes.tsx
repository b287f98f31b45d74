import { useQuery } from "@tanstack/react-query";
import { meQuery, useSetup } from "@/components";
import { saveBlob } from "@/lib/save";
import { Button, CopyButton, Dialog, Notice } from "@/ui";
import { codesText } from "./queries";

/** Shown once: the dialog closes only when somebody says that they are kept. */
export function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const setup = useSetup();
  const email = useQuery(meQuery).data?.user.email ?? "";
  const text = codesText(codes, setup.workspace_name, email);
  return (
    <Dialog title="Your recovery codes" onClose={onClose} sticky wide>
      <div className="content">
        <p className="dim">Without your phone, each of these signs you in once in place of a code of the app. They open no vault: that has a recovery code of its own.</p>
        <ol className="codes" aria-label="Recovery codes">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ol>
        <div className="row">
          <CopyButton value={codes.join("\n")} what="recovery codes" text="Copy recovery codes" />
          <Button onPress={() => saveBlob("reeve-recovery-codes.txt", new Blob([text], { type: "text/plain" }))}>Save as a file</Button>
        </div>
        <Notice tone="warn" box>This is the only time they are shown. Keep them where you would find them without your phone.</Notice>
      </div>
      <footer><Button kind="primary" onPress={onClose}>I have kept them</Button></footer>
    </Dialog>
  );
}
