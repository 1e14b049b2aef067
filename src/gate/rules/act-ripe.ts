import { formatInstant, ripeness, second, type WallMs } from '../../domain/index.ts';
import type { EffectCase } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** I3: an act that loosens waits out its delay, which starts once its notice was accepted for delivery. */
export const actRipe: Rule<EffectCase> = {
  name: 'act-ripe',
  judge({ act, demands: { delay }, now, w }) {
    if (delay === undefined) return pass('it acts at once');
    if (act.state !== 'RIPENING' || act.w0 === null || act.d0 === null)
      return refuse('act-unripe', 'it ripens only once its notice has been delivered to the operators');
    const at = ripeness({ state: 'pending', w0: act.w0, d0: act.d0 }, delay, w);
    if (at.ripe) return pass(`it is ripe: W ${w} is past ${at.w0} + ${Math.max(at.d0, delay)} ms`);
    const notBefore = formatInstant((now + Math.ceil(at.remaining / second) * second) as WallMs);
    return refuse('act-unripe', `it is still ripening: not before ${notBefore}`, { not_before: notBefore });
  },
};
