import { afterEach, describe, expect, it } from 'vitest';
import { TestStation } from './station.ts';

describe('operators’ keys', () => {
  let station: TestStation;
  afterEach(() => station.close());

  it.each([-7, -8, -35, -257])('of COSE algorithm %i sign their acts', async (algorithm) => {
    station = await TestStation.open({ operators: { names: ['olivia', 'omar', 'oscar'], algorithm } });
    const document = station.document((d) => d.replace('nonce_window: 4', 'nonce_window: 3'));
    const { act } = await station.operators.act(['olivia', 'omar'], 'policy', 'document', document);
    expect(act.state).toBe('DONE');
  });
});
