import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn, fingerprint, Malformed } from '../domain/index.ts';
import { readSecret } from '../secret-file.ts';
import {
  type Authority,
  clientRoles,
  createAuthority,
  type Issued,
  issueClient,
  issueServer,
  openAuthority,
} from './certificates.ts';
import { printable } from './client.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { makeFolder, writeFile, writeIssued } from './private-file.ts';

export const certificate: Command = {
  name: 'certificate',
  summary: 'make a CA, a client’s or a server’s certificate, or say what names one',
  help: `Usage: portcullis certificate authority --trust-domain NAME --out DIR
       portcullis certificate issue --ca DIR --role ROLE --name NAME --out DIR
       portcullis certificate issue --ca DIR --host HOST… --out DIR
       portcullis certificate fingerprint FILE

To be used where the CA's key is kept, which is not the station.
  authority    makes a CA for a trust domain: ca.pem and ca.key in DIR
  issue        makes a certificate of the CA in --ca, and its key, with ca.pem beside them: NAME.pem and NAME.key for a client of
               the ROLE (${clientRoles.join(', ')}); server.pem and server.key for the station, by the names and addresses
               that clients call it by (--host, may be given more than once)
  fingerprint  says how policy names each certificate of a file: in clients.authorities, in clients.revoked

It overwrites nothing. DIR is made if it is not there. How to move a station to other certificates: docs/station.md.`,
  run(args, output) {
    const [word, ...rest] = args;
    switch (word) {
      case 'authority':
        return makeAuthority(readArguments(rest, { options: ['trust-domain', 'out'] }), output);
      case 'issue':
        return issue(readArguments(rest, { options: ['ca', 'role', 'name', 'out'], many: ['host'] }), output);
      case 'fingerprint':
        return tellFingerprints(readArguments(rest, { positionals: ['FILE'] }), output);
      default:
        throw new UsageError('expected authority, issue or fingerprint');
    }
  },
};

async function makeAuthority(given: Arguments, output: Output): Promise<number> {
  const [trustDomain, out] = [given.required('trust-domain'), given.required('out')];
  const authority = await createAuthority(trustDomain, Date.now());
  write(out, 'ca', authority, undefined);
  output.out(
    `made a CA for ${trustDomain}: ${join(out, 'ca.pem')}, and its key. Keep the key offline, not on the station.`,
  );
  tell(authority.certificate, output);
  return 0;
}

async function issue(given: Arguments, output: Output): Promise<number> {
  const [ca, out] = [given.required('ca'), given.required('out')];
  const hosts = given.values('host');
  const client = given.value('role') !== undefined || given.value('name') !== undefined;
  if (client === hosts.length > 0) throw new UsageError('give --role and --name for a client, or --host for a server');
  const authority = await authorityIn(ca);
  if (client) {
    const [role, name] = [given.required('role'), given.required('name')];
    if (!clientRoles.some((known) => known === role))
      throw new Malformed('--role', `is none of ${clientRoles.join(', ')}`);
    if (name === 'ca') throw new Malformed('--name', 'ca.pem is the CA’s own: take another name');
    const issued = await issueClient(authority, role, name, Date.now());
    write(out, name, issued, authority);
    output.out(`made ${join(out, `${name}.pem`)}, and its key: spiffe://${authority.trustDomain}/${role}/${name}`);
    tell(issued.certificate, output);
    return 0;
  }
  const issued = await issueServer(authority, hosts, Date.now());
  write(out, 'server', issued, authority);
  output.out(`made ${join(out, 'server.pem')}, and its key: ${hosts.join(', ')}`);
  tell(issued.certificate, output);
  return 0;
}

async function authorityIn(folder: string): Promise<Authority> {
  return openAuthority(readPem(join(folder, 'ca.pem')), readSecret(join(folder, 'ca.key'), 'ca.key'));
}

async function tellFingerprints(given: Arguments, output: Output): Promise<number> {
  const [file = ''] = given.positionals;
  const pem = readPem(file);
  if (certificatesIn(pem, file).length === 0) throw new CommandFailed(`${file} holds no certificate in PEM`);
  tell(pem, output);
  return 0;
}

/** The certificate and its key, and whose it is beside it, as whoever gets them needs them; a CA stands by itself. */
function write(out: string, name: string, issued: Issued, authority: Authority | undefined): void {
  for (const file of [`${name}.pem`, `${name}.key`].map((made) => join(out, made)))
    if (existsSync(file)) throw new CommandFailed(`${file} exists: nothing is overwritten`);
  const ca = join(out, 'ca.pem');
  const there = authority !== undefined && existsSync(ca);
  if (there && readPem(ca) !== authority.certificate)
    throw new CommandFailed(`${ca} is another CA’s: give each CA’s certificates a folder of their own`);
  if (!existsSync(out)) makeFolder(out);
  writeIssued(join(out, name), issued);
  if (authority !== undefined && !there) writeFile(ca, authority.certificate);
}

function tell(pem: string, output: Output): void {
  for (const certificate of certificatesIn(pem, 'certificate')) {
    const until = certificate.validToDate.toISOString().slice(0, 10);
    const named = certificate.subjectAltName ?? certificate.subject;
    output.out(`${fingerprint(certificate)}  ${printable(named)}, until ${until}`);
  }
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailed(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
