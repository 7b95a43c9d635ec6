// Files that share a process do not share modules: what a module keeps, and the hooks that helpers register as they are
// loaded, belong to one file.
import { vi } from "vitest";

vi.resetModules();
