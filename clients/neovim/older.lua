-- Earmark for Neovim 0.7 to 0.9, which the plugin is too new for: copy this into your configuration. AI regions and risks
-- are diagnostics then; :lua vim.lsp.buf.code_action() and .hover() have the rest.
local python = vim.env.EARMARK_PYTHON or "/home/me/.venvs/earmark/bin/python"
local client

vim.api.nvim_create_autocmd("FileType", {
  callback = function(event)
    client = client
      or vim.lsp.start_client({
        name = "earmark",
        cmd = { python, "-P", "-m", "earmark", "serve", "--stdio" },
        root_dir = vim.fn.getcwd(),
      })
    if client and vim.bo[event.buf].buftype == "" and vim.api.nvim_buf_get_name(event.buf) ~= "" then
      vim.lsp.buf_attach_client(event.buf, client)
    end
  end,
})

vim.api.nvim_create_user_command("EarmarkTag", function()
  vim.lsp.buf.execute_command({ command = "earmark.tagCommit", arguments = { { uri = vim.uri_from_bufnr(0) } } })
end, {})
