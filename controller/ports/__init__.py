"""The seams: a Protocol for every side effect, and the values that cross them.

Engine and API know these and never the adapters behind them. One contract suite per seam runs on
the fake and on the real thing (`tests/contracts/`).
"""

from controller.ports import chance, control, files, memory, probes, reading, runtime, store, traffic

Clock = chance.Clock
Ids = chance.Ids
WorkerRef = runtime.WorkerRef
Survivor = runtime.Survivor
Exit = runtime.Exit
Process = runtime.Process
Socket = runtime.Socket
StartRun = runtime.StartRun
PlaceTicket = runtime.PlaceTicket
WithdrawTicket = runtime.WithdrawTicket
CloseHandle = runtime.CloseHandle
Signal = runtime.Signal
Kill = runtime.Kill
Acknowledge = runtime.Acknowledge
Look = runtime.Look
OpenSockets = runtime.OpenSockets
CloseSockets = runtime.CloseSockets
RunVerb = runtime.RunVerb
SetVerb = runtime.SetVerb
Verb = runtime.Verb
Runtime = runtime.Runtime
LaunchProblem = runtime.LaunchProblem
Change = store.Change
Subscription = store.Subscription
Store = store.Store
VarsName = memory.VarsName
Snapshot = memory.Snapshot
Vars = memory.Vars
Target = probes.Target
Health = probes.Health
Probes = probes.Probes
Executed = probes.Executed
Interactive = probes.Interactive
Session = probes.Session
Commands = probes.Commands
Schema = reading.Schema
LogQuery = reading.LogQuery
Logs = reading.Logs
WorkerAction = control.WorkerAction
Usage = control.Usage
Machine = control.Machine
Preview = control.Preview
Control = control.Control
Gateway = control.Gateway
FileChange = files.FileChange
FileBatch = files.FileBatch
Follower = files.Follower
Files = files.Files
Sample = traffic.Sample
Traffic = traffic.Traffic
