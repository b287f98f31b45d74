import type { CreatedListener } from "@/api";
import { Secret } from "@/components";
import { Button, Code, Dialog } from "@/ui";

const check = `import base64, hashlib, hmac, time

def is_from_reeve(headers, body: bytes, secret: str) -> bool:
    message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(hmac.compare_digest(expected, s) for s in headers["webhook-signature"].split())`;

export function SecretShown({ made, onClose }: { made: CreatedListener; onClose: () => void }) {
  return (
    <Dialog title={`Secret of ${made.listener.name}`} onClose={onClose} wide sticky>
      <div className="content">
        <p className="dim">This is the only time the secret is shown. The receiver checks with it that a message is from here.</p>
        <Secret value={made.secret} what="secret" />
        <p className="dim">In Python, with nothing installed:</p>
        <Code what="check of a signature">{check}</Code>
      </div>
      <footer><Button kind="primary" onPress={onClose}>I have saved the secret</Button></footer>
    </Dialog>
  );
}
