import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

/** A program of the workspace that prints one line of JSON when it is ready. */
export interface Started<T> {
  ready: T;
  child: ChildProcess;
  stop: () => Promise<void>;
}

const target = fileURLToPath(new URL("../../../target/debug/", import.meta.url));
export const program = (name: string): string => `${process.env["REEVE_BIN_DIR"] ?? target}/${name}`;

export async function start<T>(name: string, args: string[], env: Record<string, string> = {}): Promise<Started<T>> {
  const child = spawn(program(name), args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-8_000)));
  const ready = await new Promise<T>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line) as T));
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code} before it was ready:\n${log}`)));
    child.once("error", reject);
  });
  const stop = () =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.kill("SIGTERM");
    });
  return { ready, child, stop };
}
