/** Saves a text as a file, the way browsers do it: a link that is pressed once. */
export function saveText(name: string, text: string, type: string): Promise<void> {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the data once it began.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return Promise.resolve();
}
