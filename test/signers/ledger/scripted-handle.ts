import { createRequire } from 'node:module';
import type { Handle } from '../../../src/signers/ledger/library.ts';

const require = createRequire(import.meta.url);

/** What a device does with a command: answers in hex, or throws what a transport would. */
export type Script = (apdu: string) => string | Promise<string>;

export interface ScriptedHandle extends Handle {
  readonly commands: readonly string[];
  readonly closed: number;
}

/** Ledger's own transport class over a scripted device: `send` and hw-app-eth's decorations are the real ones. */
export function scriptedHandle(script: Script): ScriptedHandle {
  const { default: Transport } = require('@ledgerhq/hw-transport-node-speculos-http');
  const commands: string[] = [];
  const instance = {
    async post(_: string, { data }: { data: string }) {
      commands.push(data);
      return { data: { data: await script(data) } };
    },
  };
  const handle = new Transport(instance, {});
  handle.commands = commands;
  handle.closed = 0;
  handle.close = async () => {
    handle.closed += 1;
  };
  return handle;
}

/** As an error of Ledger's libraries looks from outside: a name, and perhaps more. */
export function libraryError(name: string, members: object = {}): Error {
  return Object.assign(new Error(`test: ${name}`), { name, ...members });
}
