/** The engines that tests of clusters run with. */

export const clusterEngines = ['stock', 'vedette'] as const;

/** For what needs the cluster manager of the command-line client as well. */
export const guideEngines = ['stock', 'vedette'] as const;
