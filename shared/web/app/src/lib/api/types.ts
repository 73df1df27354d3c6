// Names for the types of the API that the pages use. The types themselves come from docs/openapi.json.
import type { components } from './generated';

type Schemas = components['schemas'];

export type Backfill = Schemas['Backfill'];
export type BackfillPreview = Schemas['BackfillPreview'];
export type Configs = Schemas['Configs'];
export type Diagnostic = Schemas['Diagnostic'];
export type Execution = Schemas['Execution'];
export type ExecutionPage = Schemas['ExecutionPage'];
export type FilePreview = Schemas['FilePreview'];
export type Flow = Schemas['Flow'];
export type FlowPage = Schemas['FlowPage'];
export type FlowPart = Schemas['FlowPart'];
export type FlowToExecute = Schemas['FlowToExecute'];
export type FlowValidation = Schemas['FlowValidation'];
export type InputsValidation = Schemas['InputsValidation'];
export type KvKey = Schemas['KvKey'];
export type KvKeyPage = Schemas['KvKeyPage'];
export type KvType = Schemas['KvType'];
export type KvValue = Schemas['KvValue'];
export type Label = Schemas['Label'];
export type LogEntry = Schemas['LogEntry'];
export type LogIndex = Schemas['LogIndex'];
export type LogLevel = Schemas['LogLevel'];
export type NamespaceFile = Schemas['NamespaceFile'];
export type NamespacePage = Schemas['NamespacePage'];
export type SecretKeyPage = Schemas['SecretPage'];
export type NumberedLine = Schemas['NumberedLine'];
export type State = Schemas['State'];
export type StateName = Schemas['StateName'];
export type TaskRun = Schemas['TaskRun'];
export type Trigger = Schemas['Trigger'];
export type TriggerHit = Schemas['TriggerHit'];
export type TriggerPage = Schemas['TriggerHitPage'];
export type Problem = Schemas['Problem'];
export type ApiError = Schemas['Error'];
export type TopicEvent = Schemas['TopicEvent'];
