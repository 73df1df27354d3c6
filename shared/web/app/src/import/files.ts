// The YAML files that somebody picked, or dropped on a page, also with folders.

/** A file with the source of one or more flows. */
export interface SourceFile {
  /** The path, as far as it is known. */
  name: string;
  text: string;
}

const isYaml = (name: string) => /\.ya?ml$/i.test(name);

export async function picked(files: readonly File[]): Promise<SourceFile[]> {
  const found = files.filter(({ name }) => isYaml(name));
  return Promise.all(found.map(async (file) => ({ name: file.name, text: await file.text() })));
}

export async function dropped({ items }: DataTransfer): Promise<SourceFile[]> {
  // The list of items is emptied at the first wait, so all entries are taken at once.
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? item.getAsFile() ?? []);
  const found = await Promise.all(entries.map((one) => (one instanceof File ? picked([one]) : below(one))));
  return found.flat().sort((left, right) => left.name.localeCompare(right.name));
}

// Chromium has the entries, but not the names of their classes.
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** The files of an entry: the file itself, or all files of a folder and of the folders in it. */
async function below(entry: FileSystemEntry): Promise<SourceFile[]> {
  if (isFile(entry)) {
    if (!isYaml(entry.name)) return [];
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ name: entry.fullPath.replace(/^\//, ''), text: await file.text() }];
  }
  if (!isFolder(entry)) return [];
  const reader = entry.createReader();
  const all: SourceFile[] = [];
  for (;;) {
    // A reader gives a part of a large folder at a time, and nothing at the end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return all;
    for (const one of part) all.push(...(await below(one)));
  }
}
