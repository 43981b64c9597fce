/** What servers, sentinel topologies and clusters can be started with. */

/** For everything that is started. */
export interface CommonOptions {
  /** Members are processes of their own instead of living in this one. Faults of links work on Linux only then. */
  readonly processes?: boolean;
  /** Of the servers, for their clients and for each other. */
  readonly password?: string;
  /**
   * Files of the members, each in a folder of its own below, kept at the end. Without it, members in this process have
   * no files at all, and processes have temporary ones.
   */
  readonly dir?: string;
  /** Further lines for the configuration of every server: `['maxmemory 100mb', 'appendonly yes']`. */
  readonly directives?: readonly string[];
  /**
   * The log lines of members in this process: to standard error, or to a function. Quiet when absent; a member's own are
   * in {@link TopologyMember.readLog} in any case.
   */
  readonly log?: boolean | ((line: string, member: string) => void);
  /**
   * Until everything works, at the start and when `reset()` starts members again; 30000 when absent.
   * Longer for a machine with much else to do. What is missing then is in the error (`NOT_READY`).
   */
  readonly startTimeoutMs?: number;
}

export interface ServerOptions extends CommonOptions {
  /** A free one when absent. */
  readonly port?: number;
}

export interface SentinelTopologyOptions extends CommonOptions {
  /** Beside the master; 2 when absent. */
  readonly replicas?: number;
  /** 3 when absent. */
  readonly sentinels?: number;
  /** What sentinels call the master; `mymaster` when absent. */
  readonly masterName?: string;
  /** How many sentinels must find the master down; the majority when absent. */
  readonly quorum?: number;
  /** Without an answer for so long, a sentinel finds the master down; 1000 when absent. */
  readonly downAfterMs?: number;
  /** Until a failover that did not succeed is tried again; 10000 when absent. */
  readonly failoverTimeoutMs?: number;
  /** How many replicas at a time are moved to a new master; 1 when absent. */
  readonly parallelSyncs?: number;
  /** Further lines for the configuration of every sentinel. */
  readonly sentinelDirectives?: readonly string[];
}

export interface ClusterOptions extends CommonOptions {
  /** 3 when absent. */
  readonly masters?: number;
  /** Of each master; 1 when absent. */
  readonly replicas?: number;
  /** Without an answer for so long, a node is suspected; 1000 when absent. */
  readonly nodeTimeoutMs?: number;
}
