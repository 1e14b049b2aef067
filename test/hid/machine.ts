import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Done, Order, Told } from './guest/orders.ts';
import { Missing } from './image/missing.ts';

export interface MachineOptions {
  /** Files. */
  readonly image: { readonly kernel: string; readonly initrd: string };
  /** Ports of the guest that the host reaches at these of its own. */
  readonly forwards: readonly { readonly host: number; readonly guest: number }[];
  /** What the guest says on its console. */
  readonly console: (line: string) => void;
}

/** Before anything is fetched. Throws `Missing`. */
export function requireQemu(): void {
  if (spawnSync('qemu-system-x86_64', ['--version']).status === 0) return;
  throw new Missing('qemu-system-x86_64 is not there: apt-get install --no-install-recommends qemu-system-x86');
}

/** Far above what a boot takes on a busy machine without KVM. */
const bootDeadline = 180_000;

/** A virtual machine with the agent in it. */
export class Machine {
  readonly #qemu: ChildProcess;
  readonly #agent: Socket;
  readonly #waiting = new Map<number, (done: Done) => void>();
  readonly #listeners = new Set<(told: Told) => void>();
  readonly #ended: Promise<void>;
  #lastId = 0;

  private constructor(qemu: ChildProcess, agent: Socket, ended: Promise<void>) {
    this.#qemu = qemu;
    this.#agent = agent;
    this.#ended = ended;
    createInterface({ input: agent }).on('line', (line) => this.#hear(JSON.parse(line)));
    agent.on('error', () => agent.destroy());
    agent.on('close', () => {
      for (const [id, settle] of this.#waiting) settle({ id, error: 'the machine is gone' });
      this.#waiting.clear();
    });
  }

  /** Boots it; resolves when the agent has called. */
  static async boot({ image, forwards, console }: MachineOptions): Promise<Machine> {
    const door = createServer();
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    const qemu = spawn('qemu-system-x86_64', arguments_(image, portOf(door), forwards), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [qemu.stdout, qemu.stderr]) createInterface({ input: stream }).on('line', console);
    const ended = new Promise<void>((resolve) => {
      qemu.once('close', () => resolve());
      qemu.once('error', () => resolve());
    });
    try {
      return new Machine(qemu, await called(door, qemu), ended);
    } catch (error) {
      qemu.kill('SIGKILL');
      await ended;
      throw error;
    } finally {
      door.close();
    }
  }

  /** Rejects with what the agent says went wrong. */
  async order(order: Order): Promise<Done> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<Done>((resolve) => this.#waiting.set(id, resolve));
    this.#agent.write(`${JSON.stringify({ ...order, id })}\n`);
    const done = await answer;
    if (done.error !== undefined) throw new Error(`${order.order}: ${done.error}`);
    return done;
  }

  onTold(listener: (told: Told) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#qemu.kill('SIGKILL');
    await this.#ended;
  }

  #hear(message: Done | Told): void {
    if ('told' in message) {
      for (const listener of [...this.#listeners]) listener(message);
      return;
    }
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }
}

function arguments_(
  { kernel, initrd }: MachineOptions['image'],
  agent: number,
  forwards: MachineOptions['forwards'],
): string[] {
  const hostfwd = forwards.map(({ host, guest }) => `,hostfwd=tcp:127.0.0.1:${host}-10.0.2.15:${guest}`).join('');
  return [
    // In a machine of its own, without KVM: it is the same everywhere.
    ...['-M', 'q35', '-accel', 'tcg,thread=single', '-cpu', 'Nehalem', '-smp', '1', '-m', '1536'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ...['-netdev', `user,id=net${hostfwd}`, '-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-kernel', kernel, '-initrd', initrd],
    ...['-append', `console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on agent=${agent}`],
  ];
}

/** The first that calls within the time of a boot. */
function called(door: Server, qemu: ChildProcess): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the virtual machine did not come up in time')), bootDeadline);
    door.once('connection', (socket) => {
      clearTimeout(late);
      resolve(socket.setNoDelay(true));
    });
    qemu.once('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    qemu.once('close', (code, signal) => {
      clearTimeout(late);
      reject(new Error(`the virtual machine ended before it was up (${signal ?? code})`));
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the port has no number');
  return address.port;
}

/** A port of this machine's that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
