/** The engines that tests of clusters run with. */
import type { Engine } from '../../src/lab/programs.js';

export const clusterEngines: readonly Engine[] = ['stock'];
