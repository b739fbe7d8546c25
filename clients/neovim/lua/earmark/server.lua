--- Which program is the server, and how it is spoken to.

local M = {}

local function is_file(path)
  local found = vim.uv.fs_stat(path)
  return found ~= nil and found.type == "file"
end

--- `-P` keeps the current folder out of the import path: it may hold a hostile `earmark.py`.
local function python(path)
  return { path, "-P", "-m", "earmark", "serve", "--stdio" }
end

local function program(path)
  return { path, "serve", "--stdio" }
end

--- The command line of the server, or nil and a sentence that says what is missing. The search path is not looked at,
--- and what a person configured is never silently replaced.
---@param options earmark.Options
---@return string[]?, string?
function M.command(options)
  local sources = {
    { "The option interpreter", options.interpreter, python },
    { "The option path", options.path, program },
    { "The environment variable EARMARK_PYTHON", vim.env.EARMARK_PYTHON, python },
  }
  for _, source in ipairs(sources) do
    local name, path, start = source[1], source[2], source[3]
    if path and path ~= "" then
      path = vim.fs.normalize(path)
      if not (path:sub(1, 1) == "/" or path:match("^%a:/")) then
        return nil, ('%s must be an absolute path, not "%s".'):format(name, path)
      end
      if not is_file(path) then
        return nil, ('%s names "%s", which is not there.'):format(name, path)
      end
      return start(path)
    end
  end
  return nil, "Set the option interpreter to a Python (3.11 or newer) in which Earmark is installed."
end

--- The client of a buffer, or nil.
---@return vim.lsp.Client?
function M.client(buffer)
  return vim.lsp.get_clients({ name = "earmark", bufnr = buffer })[1]
end

--- `client:method(…)`, which was `client.method(…)` before 0.11.
function M.call(client, method, ...)
  if vim.fn.has("nvim-0.11") == 1 then
    return client[method](client, ...)
  end
  return client[method](...)
end

return M
