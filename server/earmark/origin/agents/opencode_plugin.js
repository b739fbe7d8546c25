// __MARK__
//
// Reports what OpenCode's tools write to Earmark's ledger. Never delays a tool for long and never fails one.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"

const WRITERS = new Set(["edit", "write", "multiedit", "patch", "apply_patch", "bash", "shell"])

function command() {
  const fixed = __COMMAND__
  if (fixed) return existsSync(fixed[0]) ? fixed : null
  const run = join(process.env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "earmark", "run")
  return existsSync(run) ? [run, "record", "--agent", "opencode"] : null
}

function report(payload) {
  const argv = command()
  if (!argv) return Promise.resolve()
  return new Promise((done) => {
    try {
      const child = spawn(argv[0], argv.slice(1), { stdio: ["pipe", "ignore", "ignore"], timeout: 10000 })
      child.on("error", () => done())
      child.on("close", () => done())
      child.stdin.on("error", () => {})
      child.stdin.end(JSON.stringify(payload))
    } catch {
      done()
    }
  })
}

export const Earmark = async ({ directory }) => {
  const models = new Map()
  const calls = new Map()
  const payload = (event, input, args) => ({
    hook_event_name: event,
    tool_name: input.tool,
    session_id: input.sessionID,
    tool_use_id: input.callID,
    cwd: directory,
    model: models.get(input.sessionID),
    tool_input: args,
  })
  return {
    "chat.message": async (input, output) => {
      // What a session asks for is in its input; the default that it gets otherwise only in the message.
      const model = input.model || (output && output.message && output.message.model)
      if (model && model.modelID) models.set(input.sessionID, model.modelID)
    },
    "tool.execute.before": async (input, output) => {
      if (!WRITERS.has(input.tool)) return
      calls.set(input.callID, output.args)
      await report(payload("PreToolUse", input, output.args))
    },
    "tool.execute.after": async (input, output) => {
      if (!WRITERS.has(input.tool)) return
      const args = input.args || calls.get(input.callID)
      calls.delete(input.callID)
      await report({ ...payload("PostToolUse", input, args), tool_response: output && output.metadata })
    },
  }
}
