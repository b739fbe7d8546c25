;;; emacs.el --- What the tests load into Emacs besides our package  -*- lexical-binding: t; -*-

(setq inhibit-startup-screen t
      ring-bell-function #'ignore
      make-backup-files nil
      auto-save-default nil
      create-lockfiles nil
      native-comp-deferred-compilation nil
      native-comp-jit-compilation nil
      enable-local-variables nil
      server-socket-dir (file-name-directory (getenv "EARMARK_TEST_SERVER"))
      server-name (file-name-nondirectory (getenv "EARMARK_TEST_SERVER")))
(menu-bar-mode -1)
(when (fboundp 'tool-bar-mode) (tool-bar-mode -1))
(when (display-graphic-p) (set-frame-size (selected-frame) 96 22))
(require 'json)
(require 'python)
(require 'earmark)
;; A file's own server would be here; the tests want no other.
(setq earmark-eglot-modes '(python-mode python-ts-mode earmark-commit-mode))
(earmark-setup)
(if (equal (getenv "EARMARK_TEST_CLIENT") "eglot")
    (progn
      (package-initialize)
      (require 'eglot)
      ;; Version 1.9 would ask before each edit that a command makes.
      (setq eglot-confirm-server-initiated-edits nil)
      (add-hook 'python-mode-hook #'eglot-ensure))
  (package-initialize)
  (require 'lsp-mode)
  (setq lsp-auto-guess-root t
        lsp-warn-no-matched-clients nil
        lsp-enable-suggest-server-download nil
        lsp-headerline-breadcrumb-enable nil
        lsp-enabled-clients '(earmark))
  (add-hook 'python-mode-hook #'lsp))

(defun earmark-test-marked ()
  "The marked lines, 1-based, in order."
  (let (lines)
    (dolist (overlay (overlays-in (point-min) (1+ (point-max))))
      (when (overlay-get overlay 'earmark)
        (push (line-number-at-pos (overlay-start overlay)) lines)))
    (sort lines #'<)))

(defun earmark-test-risks ()
  "Line and text of each diagnostic in the buffer."
  (vconcat
   (mapcar (lambda (found)
             (list :line (line-number-at-pos (flymake-diagnostic-beg found)) :text (flymake-diagnostic-text found)))
           (flymake-diagnostics))))

(server-start)
