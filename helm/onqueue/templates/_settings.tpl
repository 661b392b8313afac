{{/* What the chart decides of the program's settings; the rest is .Values.settings. */}}
{{- define "onqueue.settings.decided" -}}
{{- $host := .Values.listenHost }}
gateway:
  listen: "{{ $host }}:8080"
process:
  health_listen: "{{ $host }}:9090"
attachments:
  folder: /var/lib/onqueue/attachments
{{- if eq .Values.profile "distributed" }}
{{- range list "auth" "routing" "session" "content" }}
{{ . }}:
  listen: "{{ $host }}:{{ include "onqueue.port" . }}"
{{- end }}
tls:
  folder: /run/secrets/onqueue/tls
clients:
  {{- range list "auth" "routing" "session" "content" }}
  {{ . }}: ["{{ include "onqueue.name" $ }}-{{ . }}.{{ $.Release.Namespace }}.svc.{{ $.Values.clusterDomain }}:{{ include "onqueue.port" . }}"]
  {{- end }}
{{- end }}
{{- end }}

{{/* A value as TOML. Helm reads every number as a floating one; the program's are all whole. What JSON writes as a string or a
list of strings is TOML too. */}}
{{- define "onqueue.settings.value" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}

{{/* The settings file. */}}
{{- define "onqueue.settings" -}}
{{- $settings := mergeOverwrite (deepCopy .Values.settings) (include "onqueue.settings.decided" . | fromYaml) }}
{{- range $section, $keys := $settings }}
[{{ $section }}]
{{- range $key, $value := $keys }}
{{ $key }} = {{ include "onqueue.settings.value" $value }}
{{- end }}
{{ end }}
{{- end }}

{{/* Secrets, as names of variables with the files that hold them: (dict "root" $ "component" name). */}}
{{- define "onqueue.secretFiles" -}}
{{- $values := .root.Values }}
{{- $database := dict "auth" "authKey" "routing" "routingKey" "session" "sessionKey" "content" "contentKey" }}
{{- $files := list }}
{{- if eq .component "migrate" }}
{{- $files = append $files (dict "variable" "ONQUEUE_STORE__URL_FILE" "secret" $values.database.existingSecret "key" $values.database.ownerKey "file" "database/url") }}
{{- range $service := keys $database | sortAlpha }}
{{- $key := get $values.database (get $database $service) }}
{{- $files = append $files (dict "variable" (printf "ONQUEUE_STORE__%s_URL_FILE" (upper $service)) "secret" $values.database.existingSecret "key" $key "file" (printf "database/%s-url" $service)) }}
{{- end }}
{{- else if hasKey $database .component }}
{{- $key := get $values.database (get $database .component) }}
{{- $files = append $files (dict "variable" "ONQUEUE_STORE__URL_FILE" "secret" $values.database.existingSecret "key" $key "file" "database/url") }}
{{- if $values.bus.existingSecret }}
{{- $files = append $files (dict "variable" "ONQUEUE_BUS__URL_FILE" "secret" $values.bus.existingSecret "key" $values.bus.key "file" "bus/url") }}
{{- end }}
{{- end }}
{{- if and (has .component (list "session" "embedded")) $values.attachments.existingSecret (not (include "onqueue.filesOnVolume" .root)) }}
{{- $files = append $files (dict "variable" "ONQUEUE_ATTACHMENTS__S3_KEY_FILE" "secret" $values.attachments.existingSecret "key" $values.attachments.accessKeyKey "file" "files/access-key") }}
{{- $files = append $files (dict "variable" "ONQUEUE_ATTACHMENTS__S3_SECRET_FILE" "secret" $values.attachments.existingSecret "key" $values.attachments.secretKeyKey "file" "files/secret-key") }}
{{- end }}
{{- $files | toJson }}
{{- end }}

{{/* The environment of a container: (dict "root" $ "component" name). */}}
{{- define "onqueue.environment" -}}
{{- range include "onqueue.secretFiles" . | fromJsonArray }}
- name: {{ .variable }}
  value: /run/secrets/onqueue/{{ .file }}
{{- end }}
{{- if and .root.Values.nats.enabled (has .component (list "auth" "routing" "session" "content")) }}
- name: ONQUEUE_BUS__URL
  value: nats://{{ include "onqueue.name" .root }}-nats:4222
{{- end }}
{{- if eq .component "routing" }}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: ONQUEUE_ROUTING__ADDRESS
  value: {{ ternary "[$(POD_IP)]:7002" "$(POD_IP):7002" (eq (include "onqueue.isIPv6" .root) "true") | quote }}
{{- end }}
{{- end }}

{{/* Whether pods know one another by IPv6 addresses first. */}}
{{- define "onqueue.isIPv6" -}}
{{- eq .Values.listenHost "[::]" }}
{{- end }}

{{/* Secrets as one volume: (dict "root" $ "component" name). */}}
{{- define "onqueue.secretSources" -}}
{{- range include "onqueue.secretFiles" . | fromJsonArray }}
- secret:
    name: {{ .secret }}
    items:
      - key: {{ .key }}
        path: {{ .file }}
{{- end }}
{{- if has .component (list "gateway" "auth" "routing" "session" "content") }}
- secret:
    name: {{ include "onqueue.certificate" (dict "root" .root "service" .component) }}
    items:
      {{- range list "tls.crt" "tls.key" "ca.crt" }}
      - key: {{ . }}
        path: tls/{{ $.component }}/{{ . }}
      {{- end }}
{{- end }}
{{- end }}
