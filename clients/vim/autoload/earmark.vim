" How Earmark's server is started by ALE and spoken to.

" The command line of the program, quoted; an empty string and g:earmark_problem where there is none. The search path
" is not looked at, and what a person configured is never silently replaced.
function! earmark#program() abort
  let l:python = get(g:, 'earmark_python', $EARMARK_PYTHON)
  let l:path = empty(l:python) ? get(g:, 'earmark_program', '') : l:python
  let g:earmark_problem = ''
  if empty(l:path)
    let g:earmark_problem = 'Set g:earmark_python to a Python (3.11 or newer) in which Earmark is installed.'
  elseif l:path[0] !=# '/'
    let g:earmark_problem = printf('"%s" must be an absolute path.', l:path)
  elseif !executable(l:path)
    let g:earmark_problem = printf('"%s" is not there, or cannot be run.', l:path)
  endif
  if !empty(g:earmark_problem)
    return ''
  endif
  " -P keeps the current folder out of the import path: it may hold a hostile earmark.py.
  return shellescape(l:path) . (empty(l:python) ? '' : ' -P -m earmark')
endfunction

" Makes the server known to ALE for one file type, once; what is missing is said once.
let s:defined = {}
let s:complained = 0
function! earmark#define(filetype) abort
  if empty(a:filetype) || has_key(s:defined, a:filetype)
    return
  endif
  let l:program = earmark#program()
  if empty(l:program)
    if !s:complained
      let s:complained = 1
      call s:complain('not running. ' . g:earmark_problem)
    endif
    return
  endif
  let s:defined[a:filetype] = 1
  call ale#linter#Define(a:filetype, {
  \   'name': 'earmark',
  \   'lsp': 'stdio',
  \   'executable': '/bin/sh',
  \   'command': l:program . ' serve --stdio',
  \   'project_root': function('earmark#root'),
  \ })
endfunction

" The worktree a buffer belongs to. A commit message lies in git's own folder, so there git's working folder counts.
function! earmark#root(buffer) abort
  let l:from = getbufvar(a:buffer, '&filetype') ==# 'gitcommit' ? getcwd() : fnamemodify(bufname(a:buffer), ':p:h')
  let l:git = finddir('.git', l:from . ';')
  let l:git = empty(l:git) ? findfile('.git', l:from . ';') : l:git
  return empty(l:git) ? l:from : fnamemodify(l:git, ':p:s?/$??:h')
endfunction

" Lines `first` to `last` (1-based, inclusive) of this buffer as the server's commands take a place.
function! earmark#place(first, last) abort
  return {
  \   'uri': ale#util#ToURI(expand('%:p')),
  \   'range': {
  \     'start': {'line': a:first - 1, 'character': 0},
  \     'end': {'line': a:last, 'character': 0},
  \   },
  \ }
endfunction

" Runs a command of the server, which says itself what it did; a page it answers with is shown.
function! earmark#execute(command, argument) abort
  if empty(earmark#program())
    return s:complain(g:earmark_problem)
  endif
  let l:message = [0, 'workspace/executeCommand', {'command': a:command, 'arguments': [a:argument]}]
  call ale#lsp_linter#SendRequest(bufnr(''), 'earmark', l:message, function('s:answered'))
endfunction

function! s:answered(answer) abort
  if has_key(a:answer, 'error')
    call s:complain(a:answer.error.message)
  elseif type(get(a:answer, 'result')) == v:t_dict && has_key(a:answer.result, 'page')
    call ale#preview#Show(split(a:answer.result.page, "\n"), {'filetype': 'markdown'})
  endif
endfunction

" Writes the trailers: into this commit message, else into the next commit. ALE takes no edits from a server, so a
" message is written by the program itself.
function! earmark#tag() abort
  if &filetype !=# 'gitcommit'
    return earmark#execute('earmark.tagCommit', {'uri': ale#util#ToURI(expand('%:p'))})
  endif
  silent write
  let l:program = earmark#program()
  if empty(l:program)
    return s:complain(g:earmark_problem)
  endif
  let l:said = system(l:program . ' tag ' . shellescape(expand('%:p')))
  if v:shell_error
    return s:complain(trim(l:said))
  endif
  silent edit
endfunction

function! earmark#kinds(...) abort
  return ['human', 'ai']
endfunction

function! earmark#mark(first, last, said) abort
  let [l:all, l:kind, l:reason; l:rest] = matchlist(a:said, '^\(\S*\)\s*\(.*\)$')
  if index(earmark#kinds(), l:kind) < 0 || empty(l:reason)
    return s:complain('say :EarmarkMark human WHY, or :EarmarkMark ai WHY')
  endif
  let l:argument = extend(earmark#place(a:first, a:last), {'kind': l:kind, 'reason': l:reason})
  call earmark#execute('earmark.markRegion', l:argument)
endfunction

" Puts what there is to look at in this change into the quickfix list, the riskiest file first.
function! earmark#queue() abort
  let l:document = {'uri': ale#util#ToURI(expand('%:p'))}
  let l:message = [0, 'earmark/change', {'textDocument': l:document}]
  call ale#lsp_linter#SendRequest(bufnr(''), 'earmark', l:message, function('s:queued'))
endfunction

function! s:queued(answer) abort
  let l:items = []
  for l:file in get(get(a:answer, 'result', {}), 'files', [])
    let l:name = ale#path#FromFileURI(l:file.uri)
    for l:region in l:file.regions
      let l:findings = map(copy(l:region.findings), {_, f -> {
      \   'filename': l:name, 'lnum': f.line, 'text': printf('%s %s: %s', f.severity, f.rule, f.message)}})
      let l:who = l:region.tool . ':' . l:region.model
      let l:what = l:region.removed ? printf('AI removed %d lines (%s)', l:region.removed, l:who)
      \   : printf('%d lines by AI (%s)', l:region.end - l:region.start + 1, l:who)
      let l:items += empty(l:findings) ? [{'filename': l:name, 'lnum': l:region.start, 'text': l:what}] : l:findings
    endfor
  endfor
  call setqflist([], ' ', {'title': 'Earmark', 'items': l:items})
  if empty(l:items)
    echomsg 'Earmark: nothing to look at in this change'
  else
    botright copen
  endif
endfunction

function! s:complain(message) abort
  echohl ErrorMsg
  echomsg 'Earmark: ' . a:message
  echohl None
endfunction
