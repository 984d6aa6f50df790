export { type ControllersConfig, runControllers } from './main.ts';
