export { runScheduler, type SchedulerConfig } from './main.ts';
