import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { BenchStation } from './station.ts';

const same = (bytes: Buffer): Buffer => bytes;

export const echoPath = '/bench.Echo/Echo';
/** The least that a call over grpc-js with mutual TLS can cost: bytes come, the same bytes go. */
export async function openEcho(tls: BenchStation['serverTls']): Promise<{ readonly port: number; close(): void }> {
  const server = new Server();
  const echo = (call: { request: Buffer }, answer: (error: null, bytes: Buffer) => void): void =>
    answer(null, call.request);
  server.register(echoPath, echo, same, same, 'unary');
  const credentials = ServerCredentials.createSsl(tls.ca, [{ private_key: tls.key, cert_chain: tls.cert }], true);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return { port, close: () => server.forceShutdown() };
}
