--- What there is to look at in this change, in the quickfix list, the riskiest file first.

local server = require("earmark.server")

local M = {}

--- The quickfix items of one region: its findings, or that it is there.
local function items_of(file, region)
  local items = {}
  for _, finding in ipairs(region.findings) do
    items[#items + 1] = {
      filename = vim.uri_to_fname(file.uri),
      lnum = finding.line,
      text = ("%s %s: %s"):format(finding.severity, finding.rule, finding.message),
      type = "W",
    }
  end
  if #items > 0 then
    return items
  end
  local who = ("%s:%s"):format(region.tool, region.model)
  local text = region.removed > 0 and ("AI removed %d lines (%s)"):format(region.removed, who)
    or ("%d lines by AI (%s)"):format(region["end"] - region.start + 1, who)
  return { { filename = vim.uri_to_fname(file.uri), lnum = math.max(region.start, 1), text = text, type = "I" } }
end

--- Asks for the change of the buffer's repository and opens the list; says so where it is empty.
function M.open(buffer)
  local client = server.client(buffer)
  if not client then
    return vim.notify("Earmark: the server does not run for this buffer; see :checkhealth earmark")
  end
  local params = { textDocument = { uri = vim.uri_from_bufnr(buffer) } }
  server.call(client, "request", "earmark/change", params, function(failed, change)
    if failed then
      return vim.notify("Earmark: " .. failed.message, vim.log.levels.ERROR)
    end
    local items = {}
    for _, file in ipairs(change.files) do
      for _, region in ipairs(file.regions) do
        vim.list_extend(items, items_of(file, region))
      end
    end
    vim.fn.setqflist({}, " ", { title = "Earmark: " .. (change.level ~= "" and change.level or "no") .. " risk", items = items })
    if #items == 0 then
      return vim.notify("Earmark: nothing to look at in this change")
    end
    vim.cmd("botright copen")
  end, buffer)
end

return M
