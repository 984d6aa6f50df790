/** What pods ask for: its sums, its limits, and the class of service that follows from it. */
export * from './amounts.ts';
export { claimLimitFaults, limitDefaults, podLimitFaults } from './limits.ts';
export { type QosClass, qosClassOf } from './qos.ts';
export { type Counted, chargeOf, chargeQuota, isTracked, usedOf, type Verdict } from './quota.ts';
