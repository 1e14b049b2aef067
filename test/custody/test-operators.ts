import { createHash } from 'node:crypto';
import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import type { Deviation } from '../../simulators/authenticator/deviation.ts';
import { parseAuthenticatorData } from '../../src/attestation/webauthn/authenticator-data.ts';
import type { ActView, PreparedAct } from '../../src/custody/custody.ts';
import type { Running } from '../../src/custody/index.ts';
import type { Assertion, FactorId, OperatorName, OperatorVerb, Sealed } from '../../src/domain/index.ts';

export interface TestOperatorsOptions {
  /** M; 2 unless told. */
  readonly quorum?: number;
  /** N of them; three unless told. */
  readonly names?: readonly string[];
  readonly recoveryQuorum?: number;
  readonly recoveryNames?: readonly string[];
  /** Of policy: `policy`, `thaw`, `reinstate`, each `24h` unless told. */
  readonly delays?: Partial<Readonly<Record<'policy' | 'thaw' | 'reinstate', string>>>;
  readonly openFor?: string;
  /** COSE number of their keys; −7 (ES256) unless told. */
  readonly algorithm?: number;
}

const origin = 'http://localhost:7480';
const rpId = 'localhost';

/** A person of the station with a security key in software: test keys, known to everyone. */
export class TestOperator {
  readonly name: OperatorName;
  readonly device: Authenticator;
  readonly credential: FactorId;
  /** COSE_Key, base64url, as policy has it. */
  readonly key: string;

  constructor(name: string, algorithm = -7) {
    this.name = name as OperatorName;
    const seed = new Uint8Array(createHash('sha256').update(`portcullis test operator ${name}`).digest());
    this.device = new Authenticator({ origin, seed, algorithms: [algorithm] });
    const registration = this.device.create({
      rp: { id: rpId, name: rpId },
      user: { id: Buffer.from(name).toString('base64url'), name, displayName: name },
      challenge: Buffer.alloc(32).toString('base64url'),
      pubKeyCredParams: [{ type: 'public-key', alg: algorithm }],
    });
    const data = parseAuthenticatorData(
      new Uint8Array(Buffer.from(registration.response.authenticatorData, 'base64url')),
    );
    if (data.attested === undefined) throw new Error('the test operator’s key made no credential');
    this.credential = registration.id as FactorId;
    this.key = Buffer.from(data.attested.coseKey).toString('base64url');
  }

  /** An assertion over an intent, as the station's page on loopback would get it; `deviation` makes it wrong. */
  sign(intent: Pick<Sealed, 'digest'>, deviation: Deviation = {}): Assertion {
    const response = this.device.get(
      {
        challenge: Buffer.from(intent.digest, 'hex').toString('base64url'),
        rpId,
        allowCredentials: [{ type: 'public-key', id: this.credential }],
        userVerification: 'required',
      },
      deviation,
    );
    const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));
    return {
      kind: 'webauthn',
      credential: response.id as FactorId,
      authenticatorData: bytes(response.response.authenticatorData),
      clientData: bytes(response.response.clientDataJSON),
      signature: bytes(response.response.signature),
    };
  }
}

/** Everybody whom the options name, and the policy's member that names them. */
export function foundOperators(options: TestOperatorsOptions): {
  readonly people: ReadonlyMap<string, TestOperator>;
  readonly member: string;
} {
  const names = options.names ?? ['olivia', 'omar', 'oscar'];
  const recovery = options.recoveryNames ?? ['rita', 'rolf', 'rosa'];
  const people = new Map([...names, ...recovery].map((name) => [name, new TestOperator(name, options.algorithm)]));
  const person = (name: string): string => {
    const of = people.get(name);
    return `{ name: ${name}, credential: ${of?.credential}, key: ${of?.key}, class: device, backup_eligible: false }`;
  };
  const { policy = '24h', thaw = '24h', reinstate = '24h' } = options.delays ?? {};
  return {
    people,
    member: `operators:
  rp_id: ${rpId}
  origins: ['${origin}']
  quorum: ${options.quorum ?? 2}
  people: [${names.map(person).join(', ')}]
  recovery: { quorum: ${options.recoveryQuorum ?? 2}, people: [${recovery.map(person).join(', ')}] }
  delays: { policy: ${policy}, thaw: ${thaw}, reinstate: ${reinstate} }
  open_for: ${options.openFor ?? '24h'}
`,
  };
}

/** What they need of a station of tests. */
interface Staffed {
  readonly running: Running;
  deliver(): Promise<void>;
  passDay(): void;
  settle(): Promise<void>;
}

/** What the station's people do in a test, each with their own key. */
export class TestOperators {
  readonly #station: Staffed;
  readonly people: ReadonlyMap<string, TestOperator>;

  constructor(station: Staffed, people: ReadonlyMap<string, TestOperator>) {
    this.#station = station;
    this.people = people;
  }

  named(name: string): TestOperator {
    const operator = this.people.get(name);
    if (operator === undefined) throw new Error(`the test founds no operator ${name}`);
    return operator;
  }

  /** `payload`: why, or a document. */
  prepare(verb: OperatorVerb, subject: string, payload: string | Uint8Array = ''): Promise<PreparedAct> {
    return this.#station.running.custody.acts.prepare({
      verb,
      subject,
      payload: bytesOf(payload),
      lifetime: undefined,
    });
  }

  /** One operator prepares and signs. */
  async sign(
    name: string,
    verb: OperatorVerb,
    subject: string,
    payload: string | Uint8Array = '',
    deviation: Deviation = {},
  ): Promise<ActView> {
    const { intent } = await this.prepare(verb, subject, payload);
    const attestation = this.named(name).sign(intent, deviation);
    return this.#station.running.custody.acts.submit({ intent: intent.bytes, attestation, payload: bytesOf(payload) });
  }

  /** Several sign, one after the other; the last one's answer. */
  async act(
    names: readonly string[],
    verb: OperatorVerb,
    subject: string,
    payload: string | Uint8Array = '',
  ): Promise<ActView> {
    let view: ActView | undefined;
    for (const name of names) view = await this.sign(name, verb, subject, payload);
    if (view === undefined) throw new Error('nobody signed');
    return view;
  }

  /** What was approved and loosens: its notice is delivered, a day passes, the station moves it on. */
  async ripen(): Promise<void> {
    await this.#station.deliver();
    this.#station.passDay();
    await this.#station.running.timekeeper.tick();
    await this.#station.settle();
  }
}

function bytesOf(payload: string | Uint8Array): Uint8Array {
  return typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
}
