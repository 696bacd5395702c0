// What several pages say; everything of the study comes from the model's metadata.
const TEXTS = { en: {}, es: {} };
const addTexts = (texts) => { for (const each in TEXTS) Object.assign(TEXTS[each], texts[each]); };
addTexts({
  en: {
    language: "English", range: (low, high) => `${low} to ${high}`,
    simulated: "Trained on SIMULATED data: these predictions say nothing about the real world.",
    key: "API key", keyHelp: "Kept until this tab is closed.", keyNeeded: "This service needs an API key.", keyWrong: "The service does not accept this key.", use: "Use",
    busy: (seconds) => `The service is busy; next try in ${seconds} s.`, tooBusy: "The service is busy, or the key's quota is used up.",
    unreachable: "The service can't be reached.", failed: (status) => `The service failed (${status}).`, again: "Try again",
    trust: "How far to trust this",
    averageMeans: (count, groups) => `The interval of the average shows how sure the model is of the mean over all ${groups}. It comes from refitting the model ${count} times, leaving some of them out each time: 90 % of such intervals should hold the true mean.`,
    parts: (rows) => `parts of the ${rows}`,
    standMeans: (name, size, rows) => `The wider interval is for ${name}: of ten with about ${size} ${rows} of this kind each, nine should lie within it.`,
    noStand: "The study has no groups, so nothing is said about how far a single place or group may differ from the mean.",
    unseen: (list) => `Nothing is known beyond what was studied: ${list}.`,
    visits: (rows) => `${rows} were seen at visits only: the curve rises at a visit and is flat until the next.`,
    basis: (subjects, groups) => `The model rests on ${subjects}${groups ? ` in ${groups}` : ""}.`,
    version: "version", model: "The model and its figures", predict: "Predict",
  },
  es: {
    language: "Español", range: (low, high) => `${low} a ${high}`,
    simulated: "Entrenado con datos SIMULADOS: estas predicciones no dicen nada del mundo real.",
    key: "Clave de la API", keyHelp: "Se guarda hasta que se cierre esta pestaña.", keyNeeded: "Este servicio necesita una clave de la API.", keyWrong: "El servicio no acepta esta clave.", use: "Usar",
    busy: (seconds) => `El servicio está ocupado; nuevo intento en ${seconds} s.`, tooBusy: "El servicio está ocupado o la cuota de la clave se ha agotado.",
    unreachable: "No se puede acceder al servicio.", failed: (status) => `El servicio falló (${status}).`, again: "Reintentar",
    trust: "Hasta dónde confiar",
    averageMeans: (count, groups) => `El intervalo del promedio indica cuán seguro está el modelo de la media del conjunto. Resulta de reajustar el modelo ${count} veces, omitiendo cada vez una parte de los datos (${groups}): el 90 % de tales intervalos debería contener la media verdadera.`,
    parts: (rows) => `grupos de ${rows}`,
    standMeans: (name, size, rows) => `El intervalo más ancho es para ${name}: de cada diez casos así, con alrededor de ${size} ${rows} de este tipo, nueve deberían quedar dentro.`,
    noStand: "El estudio no tiene grupos, así que no se dice cuánto puede apartarse de la media un solo lugar o grupo.",
    unseen: (list) => `No se sabe nada más allá de lo estudiado: ${list}.`,
    visits: (rows) => `Las observaciones (${rows}) se hicieron solo en visitas: la curva sube en una visita y queda plana hasta la siguiente.`,
    basis: (subjects, groups) => `El modelo se basa en ${subjects}${groups ? ` en ${groups}` : ""}.`,
    version: "versión", model: "El modelo y sus cifras", predict: "Predecir",
  },
});
