import { benchOfFile } from './bench-of-file.ts';
import { cables } from './scenarios/cables.ts';
import { devices } from './scenarios/devices.ts';

const bench = benchOfFile('devices');
devices(bench);
cables(bench);
