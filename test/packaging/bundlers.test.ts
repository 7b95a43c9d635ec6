// Programs that bundle node-ipc, built by the three bundlers that most use. Each bundle runs alone,
// in a folder without node_modules.

import { join } from "node:path";
import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import webpack from "webpack";
import { answer, importedDefault, importedNames, liveNamespace, required } from "./conversation.ts";
import { Project } from "./project.ts";
import { packPackage, startRegistry } from "./registry.ts";

interface Job {
  readonly entry: string;
  /** A CommonJS file. */
  readonly outfile: string;
}

/** What each bundler warned of, or failed with, is a failure here. */
const bundlers: Readonly<Record<string, (job: Job) => Promise<void>>> = {
  async esbuild({ entry, outfile }) {
    const { warnings } = await esbuild.build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: "node",
      logLevel: "silent",
    });
    expect(warnings).toEqual([]);
  },

  async rollup({ entry, outfile }) {
    const warnings: string[] = [];
    await using bundle = await rollup({
      input: entry,
      plugins: [nodeResolve({ preferBuiltins: true }), commonjs()],
      external: /^node:/,
      onwarn: ({ message }) => warnings.push(message),
    });
    await bundle.write({ file: outfile, format: "cjs", exports: "auto" });
    expect(warnings).toEqual([]);
  },

  async webpack({ entry, outfile }) {
    const compiler = webpack({
      mode: "production",
      target: "node",
      entry,
      output: { path: join(outfile, ".."), filename: "bundle.cjs" },
    });
    const problems = await new Promise((resolve, reject) => {
      compiler.run((error, stats) => {
        if (error) reject(error);
        else resolve(stats?.toString({ all: false, errors: true, warnings: true }));
      });
    });
    await new Promise((closed) => compiler.close(closed));
    expect(problems).toBe("");
  },
};

const forms = [required, importedDefault, importedNames, liveNamespace];

let project: Project;

beforeAll(async () => {
  project = await Project.create({ dependencies: { "node-ipc": "npm:@myelin/node-ipc@^1" } });
  const tarballs = join(project.folder, "tarballs");
  await using registry = await startRegistry([await packPackage("packages/node-ipc", tarballs)]);
  const installed = await project.npm(["install", "--ignore-scripts"], registry.url);
  expect(installed).toMatchObject({ ok: true });
});

afterAll(() => project[Symbol.asyncDispose]());

describe.each(Object.entries(bundlers))("a bundle by %s", (_, bundle) => {
  test.each(forms)("$form", async ({ file, source }) => {
    const entry = await project.write(file, source);
    await using elsewhere = await Project.create();
    const outfile = join(elsewhere.folder, "bundle.cjs");
    await bundle({ entry, outfile });
    expect(await elsewhere.node([outfile])).toMatchObject({ ok: true, output: answer });
  });
});
