/** Nodes without machines: for scale tests of a control plane, over its real doors. */
export { type FleetConfig, runFleet } from './fleet.ts';
export { calmHabits, type Habits } from './habits.ts';
export { maxNodes, nodeAddress } from './place.ts';
