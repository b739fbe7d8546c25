;;; earmark-regions.el --- Drawing the lines that an AI wrote  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Overlays move with the text by themselves; the rest is asked of the server when it says so, and when typing pauses.

;;; Code:

(require 'cl-lib)
(require 'earmark-server)
(require 'hl-line)
(require 'seq)

(defvar earmark-mode)

(defcustom earmark-highlight-lines nil
  "Whether the lines of an AI region are coloured too."
  :type 'boolean
  :group 'earmark)

;; The left one has the marks of flymake and flycheck.
(defcustom earmark-fringe 'right-fringe
  "The fringe that has the marks."
  :type '(choice (const left-fringe) (const right-fringe))
  :group 'earmark)

(defcustom earmark-idle-seconds 0.3
  "How long after the last change regions are asked for."
  :type 'number
  :group 'earmark)

(defface earmark-line '((t :inherit hl-line :extend t))
  "Lines of an AI region, with `earmark-highlight-lines'."
  :group 'earmark)

(defvar earmark-regions-hook nil
  "Run in a buffer whose regions the server has told anew.")

;; None is near red, orange, yellow or green: those say error, warning, and what git changed.
(defconst earmark--colours
  ["#8b7cf6" "#2aa198" "#4c9be8" "#d6619f" "#6d83c4" "#a45fbf" "#3fa7c4" "#b88ae0"])

(when (fboundp 'define-fringe-bitmap)
  (define-fringe-bitmap 'earmark-bar [24] nil nil '(center t)))

(defvar-local earmark--said nil "What the server last said of this buffer, a property list.")
(defvar-local earmark--idle nil "The timer that asks for regions when typing pauses.")
(defvar-local earmark--tick nil "`buffer-chars-modified-tick' when regions were last asked for.")
(defvar earmark--sessions nil "The sessions seen, oldest first: each has the colour of its place.")
(defvar earmark--shown t "Whether regions are drawn.")

(defun earmark--colour (session)
  "The colour of SESSION; the ninth begins anew."
  (unless (member session earmark--sessions)
    (setq earmark--sessions (append earmark--sessions (list session))))
  (aref earmark--colours (mod (cl-position session earmark--sessions :test #'equal) (length earmark--colours))))

(defun earmark--lines (region)
  "First and last line of REGION, 1-based.
One that ends at the start of a line does not reach into it."
  (let* ((range (plist-get region :range))
         (first (plist-get (plist-get range :start) :line))
         (end (plist-get range :end))
         (last (plist-get end :line)))
    (cons (1+ first) (if (and (zerop (plist-get end :character)) (> last first)) last (1+ last)))))

(defun earmark--ai-regions ()
  "The regions that an assistant wrote, in order of place."
  (seq-filter (lambda (region) (equal (plist-get region :kind) "ai")) (plist-get earmark--said :regions)))

(defun earmark--draw-line (region)
  "Mark the line at point as part of REGION."
  (let ((overlay (make-overlay (line-beginning-position) (line-end-position)))
        (face `(:foreground ,(earmark--colour (plist-get region :session)))))
    (overlay-put overlay 'earmark region)
    (overlay-put overlay 'help-echo (format "AI: %s:%s" (plist-get region :tool) (plist-get region :model)))
    (when earmark-highlight-lines
      (overlay-put overlay 'face 'earmark-line))
    (overlay-put overlay 'before-string
                 (propertize "!" 'display (if (display-graphic-p)
                                              `(,earmark-fringe earmark-bar ,(earmark--fringe-face face))
                                            `((margin left-margin) ,(propertize "▎" 'face face)))))))

(defun earmark--fringe-face (face)
  "A named face for FACE: a fringe takes no other."
  (let ((name (intern (concat "earmark-session-" (substring (plist-get face :foreground) 1)))))
    (unless (facep name)
      (make-face name)
      (set-face-attribute name nil :foreground (plist-get face :foreground)))
    name))

(defun earmark--draw ()
  "Draw the regions that are known of this buffer."
  (save-excursion
    (save-restriction
      (widen)
      (dolist (overlay (overlays-in (point-min) (1+ (point-max))))
        (when (overlay-get overlay 'earmark)
          (delete-overlay overlay)))
      (when earmark--shown
        (dolist (region (earmark--ai-regions))
          (pcase-let ((`(,first . ,last) (earmark--lines region)))
            (goto-char (point-min))
            (when (zerop (forward-line (1- first)))
              (cl-loop repeat (- (1+ last) first) do (earmark--draw-line region) while (zerop (forward-line 1))))))))))

(defun earmark-refresh ()
  "Ask the server for the regions of this buffer, and draw them."
  (interactive)
  (let ((tick (buffer-chars-modified-tick)))
    (setq earmark--tick tick)
    (earmark--request
     "earmark/regions" (list :textDocument (earmark--document))
     (lambda (said)
       ;; What the text has overtaken is asked for again when typing pauses.
       (when (and earmark-mode (= tick (buffer-chars-modified-tick)))
         (setq earmark--said said)
         (earmark--draw)
         (force-mode-line-update)
         (run-hooks 'earmark-regions-hook)))
     #'ignore)))

(defun earmark--changed (&rest _)
  "Ask for regions when typing pauses."
  (when (timerp earmark--idle)
    (cancel-timer earmark--idle))
  (setq earmark--idle (run-with-timer earmark-idle-seconds nil #'earmark--refresh-in (current-buffer))))

(defun earmark--refresh-in (buffer)
  "Ask for the regions of BUFFER if it is still served."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (when (and earmark-mode (or (earmark--eglot) (earmark--workspace)))
        (earmark-refresh)))))

(defun earmark--regions-changed (uri)
  "The server has other regions for URI."
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and (bound-and-true-p earmark-mode) (equal uri (plist-get (earmark--document) :uri)))
        (earmark-refresh)))))

(defun earmark-mode-line ()
  "\"AI 8/17\" for the mode line, empty for a buffer that no assistant touched."
  (let ((lines (seq-uniq (seq-mapcat (lambda (region)
                                       (pcase-let ((`(,first . ,last) (earmark--lines region)))
                                         (number-sequence first last)))
                                     (earmark--ai-regions))))
        (removed (apply #'+ (mapcar (lambda (removal) (plist-get removal :lines)) (plist-get earmark--said :removals)))))
    (if (and (null lines) (zerop removed))
        ""
      (concat (format " AI %d/%d" (length lines) (count-lines (point-min) (point-max)))
              (if (zerop removed) "" (format " -%d" removed))))))

;;;###autoload
(define-minor-mode earmark-mode
  "Mark the lines that an assistant wrote.
Turned on where Earmark serves a buffer."
  :lighter (:eval (earmark-mode-line))
  (if earmark-mode
      (progn
        (add-hook 'after-change-functions #'earmark--changed nil t)
        (add-hook 'after-revert-hook #'earmark--changed nil t)
        (unless (display-graphic-p)
          (setq left-margin-width (max 1 (or left-margin-width 0)))
          (dolist (window (get-buffer-window-list nil nil t))
            (set-window-buffer window (current-buffer))))
        (earmark-refresh))
    (remove-hook 'after-change-functions #'earmark--changed t)
    (remove-hook 'after-revert-hook #'earmark--changed t)
    (setq earmark--said nil)
    (earmark--draw)))

(defun earmark--turn-on ()
  "Turn `earmark-mode' on or off as the buffer's server asks."
  (earmark-mode (if (or (earmark--eglot) (earmark--workspace)) 1 -1)))

(provide 'earmark-regions)
;;; earmark-regions.el ends here
