{{/* The beginning of all names. */}}
{{- define "onqueue.name" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* What selects the pods of this release. */}}
{{- define "onqueue.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* What selects the pods of one component: (dict "root" $ "component" name). */}}
{{- define "onqueue.component" -}}
{{ include "onqueue.selector" .root }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end }}

{{/* Labels for everything of a component: (dict "root" $ "component" name). */}}
{{- define "onqueue.labels" -}}
{{ include "onqueue.component" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: onqueue
app.kubernetes.io/managed-by: {{ .root.Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | quote }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Metadata of an object: (dict "root" $ "component" component "name" suffix). */}}
{{- define "onqueue.metadata" -}}
name: {{ include "onqueue.name" .root }}-{{ default .component .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "onqueue.labels" . | nindent 2 }}
{{- end }}

{{/* The image, by digest where there is one. */}}
{{- define "onqueue.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where a service listens for other services. */}}
{{- define "onqueue.port" -}}
{{- get (dict "gateway" 8080 "auth" 7001 "routing" 7002 "session" 7003 "content" 7004) . }}
{{- end }}

{{/* The services that run by themselves. */}}
{{- define "onqueue.services" -}}
{{- if eq .Values.profile "distributed" }}{{ list "gateway" "auth" "routing" "session" "content" | toJson }}{{ else }}[]{{ end }}
{{- end }}

{{/* The component behind the public door. */}}
{{- define "onqueue.door" -}}
{{- if eq .Values.profile "distributed" }}gateway{{ else }}embedded{{ end }}
{{- end }}

{{/* The name of the Secret with a service's certificate: (dict "root" $ "service" name). */}}
{{- define "onqueue.certificate" -}}
{{- default (printf "%s-%s-tls" (include "onqueue.name" .root) .service) (get .root.Values.tls (printf "%sSecret" .service)) }}
{{- end }}

{{/* Whether files are kept on a volume: "true" or empty. */}}
{{- define "onqueue.filesOnVolume" -}}
{{- if not .Values.settings.attachments.s3_bucket }}true{{ end }}
{{- end }}
