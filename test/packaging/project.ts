// Projects of users, made in temporary folders: npm installs into them, programs run in them.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { npm, run } from "../../scripts/command.mjs";

export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  /** What came on both channels. */
  readonly output: string;
}

export class Project implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param manifest what its package.json holds besides the name */
  static async create(manifest: Record<string, unknown> = {}): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), "myelin-project-")));
    await project.write(
      "package.json",
      JSON.stringify({ name: "scratch", version: "1.0.0", private: true, ...manifest }),
    );
    return project;
  }

  /** @returns the absolute path */
  async write(path: string, text: string): Promise<string> {
    const absolute = join(this.folder, path);
    await mkdir(dirname(absolute), { recursive: true });
    await writeFile(absolute, text);
    return absolute;
  }

  npm(args: readonly string[], registry: string): Promise<Outcome> {
    const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
    // A cache of its own: what an earlier run fetched from another registry must not help.
    const cache = join(this.folder, ".npm-cache");
    const line = [...args, `--registry=${registry}`, `--cache=${cache}`, ...quiet];
    return run(npm(line), { cwd: this.folder });
  }

  /** Runs a program of the project with this Node; sockets go into the project's folder. */
  node(args: readonly string[]): Promise<Outcome> {
    return run([process.execPath, ...args], {
      cwd: this.folder,
      env: { SOCKET_ROOT: `${this.folder}/`, NODE_OPTIONS: "" },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
