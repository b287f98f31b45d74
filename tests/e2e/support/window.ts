import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { program } from "./process";

/** The element key of the W3C WebDriver protocol. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** How long one try may take, and how many there are. */
const OPENS_WITHIN = 25_000;
const TRIES = 5;

/** A window lets its last calls end, which takes half a minute at most. */
const CLOSES_WITHIN = 40_000;

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** The real window, driven over WebDriver (W3C) by the web view's own driver. */
export class Window {
  private constructor(
    private readonly driver: ChildProcess,
    private readonly base: string,
  ) {}

  /** Opens the window. The driver can miss a web view that comes up slowly, and then waits for ever: such a try is ended, and begun anew. */
  static async open(dataDir: string, gatewayPort: number): Promise<Window> {
    const env = { ...process.env, TAURI_AUTOMATION: "true", TAURI_WEBVIEW_AUTOMATION: "true", REEVE_DATA: dataDir, REEVE_GATEWAY: `127.0.0.1:${gatewayPort}` };
    for (let tries = 1; ; tries++) {
      const port = await freePort();
      // A group of its own, so that the window ends with its driver.
      const driver = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore", detached: true });
      try {
        return new Window(driver, await begin(`http://127.0.0.1:${port}`));
      } catch (error) {
        await end(driver, 0);
        if (tries === TRIES) throw error;
      }
    }
  }

  /** Runs an async function body in the page; its last argument is the callback. */
  run = <T>(script: string, ...args: unknown[]): Promise<T> => send(`${this.base}/execute/async`, "POST", { script, args });

  async find(xpath: string, patience = 15_000): Promise<string> {
    const deadline = Date.now() + patience;
    for (;;) {
      try {
        const found = await send<Record<string, string>>(`${this.base}/element`, "POST", { using: "xpath", value: xpath });
        return found[ELEMENT] ?? "";
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`not in the window: ${xpath}\n${await this.text()}`, { cause: error });
        await new Promise((r) => setTimeout(r, 150));
      }
    }
  }

  click = async (xpath: string): Promise<unknown> => send(`${this.base}/element/${await this.find(xpath)}/click`, "POST", {});
  type = async (xpath: string, text: string): Promise<unknown> => send(`${this.base}/element/${await this.find(xpath)}/value`, "POST", { text });
  button = (name: string): Promise<unknown> => this.click(`//button[normalize-space()='${name}']`);
  field = (label: string, text: string): Promise<unknown> => this.type(`//label[starts-with(normalize-space(),'${label}')]/following::input[1]`, text);
  text = (): Promise<string> => this.run("arguments[0](document.body.innerText)");
  async close(): Promise<void> {
    await send(this.base, "DELETE").catch(() => undefined);
    await end(this.driver, CLOSES_WITHIN);
  }
}

/** Asks the driver for a window, as soon as the driver listens. Gives the session's address. */
async function begin(root: string): Promise<string> {
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary: program("reeve"), args: [] } } };
  const deadline = Date.now() + OPENS_WITHIN;
  for (;;) {
    try {
      const session = await send<{ sessionId: string }>(`${root}/session`, "POST", { capabilities }, deadline - Date.now());
      return `${root}/session/${session.sessionId}`;
    } catch (error) {
      if (Date.now() + 250 > deadline) throw error;
      await new Promise((r) => setTimeout(r, 250));
    }
  }
}

/** Ends the driver, lets the window close by itself for `patience` ms, and then ends it too. */
async function end(driver: ChildProcess, patience: number): Promise<void> {
  driver.kill();
  const deadline = Date.now() + patience;
  while (Date.now() < deadline && signal(driver, 0)) await new Promise((r) => setTimeout(r, 100));
  signal(driver, "SIGKILL");
}

/** Signals the driver's whole group. False when nobody is left in it. */
function signal(driver: ChildProcess, name: NodeJS.Signals | 0): boolean {
  try {
    return driver.pid !== undefined && process.kill(-driver.pid, name);
  } catch {
    return false;
  }
}

async function send<T>(url: string, method: string, body?: unknown, patience = 30_000): Promise<T> {
  // A driver that hangs is told apart from a slow page.
  const response = await fetch(url, { method, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(patience) });
  const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
  if (!response.ok) throw new Error(`${method} ${url}: ${value.error ?? response.status} ${value.message ?? ""}`);
  return value;
}

export { freePort };
