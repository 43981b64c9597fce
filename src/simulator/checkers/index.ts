/** All checkers. Each is one invariant; what does not apply to a kind of run does nothing there. */
import type { Scene } from '../run/scene.js';
import { checkAcknowledgedWrites } from './acknowledged-writes.js';
import { checkAgreementQuorum } from './agreement-quorum.js';
import { checkBestReplica } from './best-replica.js';
import { checkConfigEpochs } from './config-epochs.js';
import { checkDurableVotes } from './durable-votes.js';
import { checkElectionMajority } from './election-majority.js';
import { checkMigratedKeys } from './migrated-keys.js';
import { checkOneLeaderPerEpoch } from './one-leader-per-epoch.js';
import { checkOneVotePerEpoch } from './one-vote-per-epoch.js';
import { checkRecovery } from './recovery.js';
import { checkRecoveryFromLog } from './recovery-from-log.js';
import { checkRecoveryFromSnapshot } from './recovery-from-snapshot.js';
import { checkSlotOwners } from './slot-owners.js';
import { checkStreamPrefix } from './stream-prefix.js';
import { checkWaitPromise } from './wait-promise.js';

/** @param onLost told at the end how many acknowledged writes were lost by design */
export function installCheckers(scene: Scene, onLost: (count: number) => void): void {
  checkOneVotePerEpoch(scene);
  checkDurableVotes(scene);
  checkElectionMajority(scene);
  checkOneLeaderPerEpoch(scene);
  checkAgreementQuorum(scene);
  checkBestReplica(scene);
  checkConfigEpochs(scene);
  checkSlotOwners(scene);
  checkStreamPrefix(scene);
  checkWaitPromise(scene);
  checkMigratedKeys(scene);
  checkRecovery(scene);
  checkRecoveryFromLog(scene);
  checkRecoveryFromSnapshot(scene);
  checkAcknowledgedWrites(scene, onLost);
}
